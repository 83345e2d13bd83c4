#!/usr/bin/env bash
# Installs the JavaScript peers into tests/peers/node_modules, at the exact versions of package.json.
set -euo pipefail
cd "$(dirname "$0")"
npm install --silent --no-progress
