# What the examples of the README and of these pages use. In each terminal, in the project's folder, with bash or zsh:
#
#     . docs/shell.sh
#
# Access tokens live for 15 minutes. When an answer says token-expired, the same line brings new ones.
# Tidings elsewhere: `API=http://localhost:8001` first.

API=${API:-http://localhost:${PORT:-8000}}

# field 'items[0].id': that field of the JSON that comes in. Without it: what came in, as an error.
field() {
  node -e '
    const text = require("fs").readFileSync(0, "utf8");
    let found;
    try { found = new Function("answer", `return answer.${process.argv[1]}`)(JSON.parse(text)); } catch {}
    if (found === undefined) { console.error(`No ${process.argv[1]} in: ${text}`); process.exit(1); }
    console.log(found);' "$1"
}

# login customer: an access token of that demo login.
login() {
  curl -sS "$API/api/auth/login" -H 'content-type: application/json' -d "{\"email\":\"$1@tidings.example\",\"password\":\"tidings-demo\"}" | field accessToken
}

# call TOKEN PATH [what curl takes]: curl with that token, a body as JSON, and the answer on a line of its own.
call() {
  curl -sS -w '\n' -H "authorization: Bearer $1" -H 'content-type: application/json' "$API$2" "${@:3}"
}

CUSTOMER=$(login customer) && VENDOR=$(login vendor) && ADMIN=$(login admin) &&
  ME=$(call "$CUSTOMER" /api/me | field id) &&
  STALL=$(call "$VENDOR" /api/me | field 'memberships.map((one) => one.merchantId).sort()[0]') &&
  ITEM=$(call "$CUSTOMER" "/api/merchants/$STALL/items" | field 'items[0].id') &&
  echo "$API. Tokens for 15 minutes: CUSTOMER, VENDOR, ADMIN. Ids: ME (the customer's), STALL, ITEM (the stall's first)."
