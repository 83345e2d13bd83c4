"""A test's way to the gateway: builds envelopes from function texts, posts them, and hands back parsed answers."""

from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import httpx
from lxml import etree

from app.simulators.intacct.app import IntacctSimulator

PATH = "/ia/xml/xmlgw.phtml"
LOGIN = "<login><userid>api</userid><companyid>demo</companyid><password>secret</password>{location}</login>"
CONTROL = (
    "<control><senderid>{sender}</senderid><password>{password}</password><controlid>req-1</controlid>"
    "<uniqueid>{unique}</uniqueid><dtdversion>3.0</dtdversion>{policy}<includewhitespace>false</includewhitespace>"
    "{more}</control>"
)


@dataclass
class Found:
    """One result, or the whole answer when it has none."""

    element: etree._Element

    @property
    def status(self) -> str | None:
        return self.element.findtext("status")

    @property
    def errors(self) -> list[tuple[str | None, str]]:
        """errorno and text of each error, Support IDs taken off."""
        return [
            (e.findtext("errorno"), (e.findtext("description2") or "").split(" [Support ID")[0])
            for e in self.element.findall("errormessage/error")
        ]

    @property
    def data(self) -> etree._Element:
        found = self.element.find("data")
        assert found is not None, etree.tostring(self.element)
        return found

    @property
    def counts(self) -> dict[str, str]:
        """Attributes of `<data>`."""
        return {str(name): str(value) for name, value in self.data.attrib.items()}

    @property
    def rows(self) -> list[dict[str, str]]:
        return [{str(cell.tag): cell.text or "" for cell in row} for row in self.data]

    def text(self, path: str) -> str:
        return self.element.findtext(path) or ""


@dataclass
class Gate:
    """Posts to one simulator. `session` replaces the login when it is set."""

    sim: IntacctSimulator
    http: httpx.AsyncClient
    session: str = ""
    sender: str = "sender"
    password: str = "secret"
    location: str = ""
    numbers: list[int] = field(default_factory=lambda: [0])

    def envelope(
        self,
        *functions: str,
        unique: bool | None = False,
        transaction: bool = False,
        ids: list[str] | None = None,
        policy: str = "",
        more: bool = False,
    ) -> str:
        location = f"<locationid>{self.location}</locationid>" if self.location else ""
        login = f"<sessionid>{self.session}</sessionid>" if self.session else LOGIN.format(location=location)
        control = CONTROL.format(
            sender=self.sender,
            password=self.password,
            unique=str(unique).lower(),
            policy=f"<policyid>{policy}</policyid>" if policy else "",
            more="<showadditionalerrorinfo>true</showadditionalerrorinfo>" if more else "",
        )
        if unique is None:
            control = control.replace("<uniqueid>none</uniqueid>", "")
        content = ""
        for place, function in enumerate(functions):
            self.numbers[0] += 1
            controlid = ids[place] if ids else f"f-{self.numbers[0]}"
            content += f"<function controlid={quoteattr(controlid)}>{function}</function>"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<request>{control}'
            f'<operation transaction="{str(transaction).lower()}">'
            f"<authentication>{login}</authentication><content>{content}</content></operation></request>"
        )

    async def post(self, body: str | bytes, media: str = "application/xml", **headers: str) -> httpx.Response:
        content = body.encode() if isinstance(body, str) else body
        return await self.http.post(PATH, content=content, headers={"content-type": media, **headers})

    async def response(self, *functions: str, **options: Any) -> etree._Element:
        answer = await self.post(self.envelope(*functions, **options))
        assert answer.status_code == 200, answer.text
        return etree.fromstring(answer.content)

    async def run(self, *functions: str, **options: Any) -> list[Found]:
        root = await self.response(*functions, **options)
        return [Found(result) for result in root.findall("operation/result")]

    async def one(self, function: str, **options: Any) -> Found:
        results = await self.run(function, **options)
        assert len(results) == 1
        return results[0]

    async def ok(self, function: str, **options: Any) -> Found:
        found = await self.one(function, **options)
        assert found.status == "success", found.errors
        return found

    async def customer(self, name: str = "Acme", extra: str = "", **fields: str) -> dict[str, str]:
        """Create a customer; answers RECORDNO and CUSTOMERID."""
        return (await self.ok(customer(name, extra, **fields))).rows[0]

    async def control(self, verb: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(verb, f"/_sim/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def knobs(self, **knobs: Any) -> None:
        await self.control("POST", "knobs", knobs)

    async def fault(self, **fault: Any) -> None:
        await self.control("POST", "faults", fault)

    async def meters(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.control("GET", "meters")
        return found

    async def records(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", f"records/{kind}")
        return found

    async def ledger(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", "ledger")
        return found


def elements(fields: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())


def create(kind: str, extra: str = "", **fields: str) -> str:
    return f"<create><{kind}>{elements(fields)}{extra}</{kind}></create>"


def update(kind: str, extra: str = "", **fields: str) -> str:
    return f"<update><{kind}>{elements(fields)}{extra}</{kind}></update>"


def customer(name: str = "Acme", extra: str = "", **fields: str) -> str:
    shown = (
        f"<DISPLAYCONTACT><PRINTAS>{escape(name)}</PRINTAS></DISPLAYCONTACT>" if "DISPLAYCONTACT" not in extra else ""
    )
    return create("CUSTOMER", shown + extra, NAME=name, **fields)


def contact(name: str, **fields: str) -> str:
    return create("CONTACT", CONTACTNAME=name, PRINTAS=name, **fields)


def query(kind: str, *select: str, where: str = "", order: str = "", tail: str = "") -> str:
    fields = "".join(f"<field>{name}</field>" for name in select)
    return (
        f"<query><object>{kind}</object><select>{fields}</select>"
        f"{f'<filter>{where}</filter>' if where else ''}{order}{tail}</query>"
    )


def cond(operator: str, name: str, *values: str) -> str:
    inner = "".join(f"<value>{escape(v)}</value>" for v in values)
    return f"<{operator}><field>{name}</field>{inner}</{operator}>"


def ascending(*names: str) -> str:
    orders = "".join(f"<order><field>{name}</field><ascending/></order>" for name in names)
    return f"<orderby>{orders}</orderby>"
