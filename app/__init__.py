"""Tandem: keeps one Salesforce org and one Sage Intacct company in step."""

__version__ = "0.1.0"
