"""The festival's socket events from another language: python-socketio, as its documentation shows it.

Gets the address, the people and the stall as JSON in the environment variable FESTIVAL, prints a line for each step that holds, and ends with a
traceback at the first that does not.
"""

import json
import os
import threading
import time

import socketio

FESTIVAL = json.loads(os.environ["FESTIVAL"])
PATIENCE = 30
STALL = FESTIVAL["stall"]
LINE = {"vendorId": STALL["merchantId"], "item": STALL["item"], "price": STALL["price"]}
MISSING = "0" * 24


class App:
    """One client. Writes down what it gets; `cursors` is what a client that does not want to miss anything keeps."""

    def __init__(self, person, **auth):
        self.person = person
        self.received = []
        self.cursors = {}
        self.arrived = threading.Condition()
        self.sio = socketio.Client(reconnection=False)
        self.sio.on("*", self.note)
        self.sio.on("connect_error", lambda data: self.note("connect_error", data))
        self.auth = {"token": person["token"], "userId": person["id"], **auth}

    def open(self):
        self.sio.connect(FESTIVAL["url"], auth=self.auth, wait_timeout=PATIENCE)
        self.event("connected")
        return self

    def note(self, event, data=None):
        with self.arrived:
            self.received.append((event, data))
            if event == "connected":
                for feed, head in data["feeds"].items():
                    self.cursors.setdefault(feed, head)
            elif isinstance(data, dict) and "meta" in data:
                self.cursors[data["meta"]["feed"]] = data["meta"]["seq"]
            self.arrived.notify_all()

    def of(self, event):
        with self.arrived:
            return [data for kind, data in self.received if kind == event]

    def event(self, event, **fields):
        """The first one with these fields, also when it has come already."""
        deadline = time.monotonic() + PATIENCE
        with self.arrived:
            while True:
                for kind, data in self.received:
                    if kind == event and all(data.get(name) == value for name, value in fields.items()):
                        return data
                assert self.arrived.wait(deadline - time.monotonic()), f"no {event} {fields}; there came {self.received}"

    def call(self, event, data=None):
        return self.sio.call(event, data, timeout=PATIENCE)

    def ok(self, event, data=None):
        answer = self.call(event, data)
        assert answer["ok"] is True, f"{event}: {answer}"
        return answer

    def refused(self, event, data, *codes):
        """With a callback by its answer, without one by an `error`."""
        answer = self.call(event, data)
        assert answer["ok"] is False and answer["error"]["code"] in codes, f"{event}: {answer}"
        assert isinstance(answer["error"]["message"], str)
        before = len(self.of("error"))
        self.sio.emit(event, data)
        self.ok("heartbeat", {})
        errors = self.of("error")[before:]
        assert len(errors) == 1 and errors[0]["code"] in codes, f"{event}: {errors}"

    def close(self):
        self.sio.disconnect()


def step(name):
    print(f"ok {name}", flush=True)


def refusal(auth):
    app = App({"token": "", "id": ""})
    app.auth = auth
    try:
        app.sio.connect(FESTIVAL["url"], auth=auth, wait_timeout=PATIENCE)
    except socketio.exceptions.ConnectionError:
        return app.event("connect_error")["data"]["code"]
    raise AssertionError(f"{auth} was let in")


def connecting(customer, vendor):
    hello = customer.event("connected")
    assert hello["userId"] == FESTIVAL["customer"]["id"] and hello["userType"] == "customer", hello
    assert vendor.event("connected")["userType"] == "vendor"
    assert f"user:{hello['userId']}" in hello["feeds"], hello
    assert refusal({"userId": hello["userId"]}) == "unauthenticated"
    assert refusal({"token": "no token", "userId": hello["userId"]}) == "unauthenticated"
    assert refusal({"token": customer.person["token"], "userId": vendor.person["id"]}) == "forbidden"
    step("connect with token and userId, and the refusals")


def rooms(customer, vendor):
    own = customer.person["id"]
    assert customer.ok("join-user-room", {"userId": own})["feed"] == f"user:{own}"
    customer.refused("join-user-room", {"userId": vendor.person["id"]}, "forbidden")
    customer.refused("join-order-room", {"orderId": MISSING}, "forbidden", "not-found")
    menu = f"merchant:{STALL['merchantId']}:menu"
    assert customer.ok("subscribe", {"feed": menu})["head"] >= 0
    assert customer.ok("unsubscribe", {"feed": menu})["feed"] == menu
    customer.refused("subscribe", {"feed": "admin"}, "forbidden")
    step("join and leave rooms")


def balance(customer):
    before = len(customer.of("balance-updated"))
    wallet = customer.ok("refresh-balance", {})
    assert wallet["balance"] == FESTIVAL["balance"] and wallet["currency"] == "INR", wallet
    refreshed = customer.of("balance-updated")[before:]
    assert [(one["newBalance"], one["amount"], one["reason"]) for one in refreshed] == [(FESTIVAL["balance"], 0, "refresh")], refreshed
    customer.sio.emit("refresh-balance")
    customer.ok("heartbeat", {"sentAt": int(time.time() * 1000)})
    assert len(customer.of("balance-updated")) == before + 2
    customer.refused("refresh-balance", {"userId": customer.person["id"]}, "bad-request")
    step("refresh-balance")


def ordering(customer, vendor):
    order = customer.ok("order-created", LINE)
    order_id = order["id"]
    assert order["status"] == "placed" and order["price"] == STALL["price"] and order["version"] == 1, order
    for app in (customer, vendor):
        told = app.event("new-order", orderId=order_id)
        assert told["item"] == STALL["item"] and told["customerName"] == "Asha" and told["order"]["id"] == order_id, told
        assert told["meta"]["seq"] > 0 and told["meta"]["feed"].split(":")[0] in ("user", "merchant"), told
    changed = customer.event("balance-updated", newBalance=FESTIVAL["balance"] - STALL["price"])
    assert changed["oldBalance"] == FESTIVAL["balance"] and changed["amount"] == -STALL["price"], changed
    assert vendor.event("new-notification", orderId=order_id)["type"] == "info"
    assert customer.ok("order-created", {"orderId": order_id, **LINE})["id"] == order_id
    assert customer.ok("join-order-room", {"orderId": order_id})["via"] == f"user:{customer.person['id']}"
    customer.refused("order-created", {**LINE, "price": 1}, "price-changed")
    customer.refused("order-created", {"item": STALL["item"]}, "bad-request")
    step("order-created")
    return order_id


def tracking(customer, order_id):
    answer = customer.ok("track-my-orders")
    assert [order["id"] for order in answer["items"]] == [order_id], answer
    assert answer["feeds"] == [{"feed": f"order:{order_id}", "via": f"user:{customer.person['id']}"}], answer
    step("track-my-orders")


def moving_on(customer, vendor, order_id):
    customer.refused("update-order-status", {"orderId": order_id, "status": "preparing"}, "forbidden", "not-found")
    moved = vendor.ok("update-order-status", {"orderId": order_id, "status": "preparing", "estimatedTime": 10})
    assert moved["status"] == "preparing" and moved["estimatedTime"] == 10, moved
    told = customer.event("order-status-changed", orderId=order_id, status="preparing")
    assert told["estimatedTime"] == 10 and told["itemName"] == STALL["item"] and told["vendorId"] == STALL["merchantId"], told
    vendor.sio.emit("update-order-status", {"orderId": order_id, "status": "ready"})
    ready = customer.event("order-ready", orderId=order_id)
    assert ready["itemName"] == STALL["item"] and ready["vendorId"] == STALL["merchantId"] and ready["message"], ready
    step("update-order-status")
    return ready["meta"]


def writing(customer, vendor, order_id):
    customer.ok("typing", {"orderId": order_id})
    typing = vendor.event("typing", orderId=order_id)
    assert typing == {"orderId": order_id, "userId": customer.person["id"]}, typing
    sent = customer.ok("send-message", {"orderId": order_id, "text": "No sugar, please"})
    for app in (customer, vendor):
        told = app.event("order-message", orderId=order_id)
        assert told["messageId"] == sent["id"] and told["from"] == customer.person["id"] and told["text"] == "No sugar, please", told
    vendor.sio.emit("send-message", {"orderId": order_id, "text": "Of course"})
    customer.event("order-message", text="Of course")
    assert customer.of("typing") == []
    customer.refused("send-message", {"orderId": MISSING, "text": "Hello"}, "not-found")
    customer.refused("send-message", {"orderId": order_id, "text": ""}, "bad-request")
    customer.refused("typing", {"orderId": MISSING}, "forbidden", "not-found")
    step("send-message and typing")


def paying(customer, vendor):
    """By the stall's code, and by the customer's own, both steps of which both see."""
    shown = customer.ok("resolve-code", {"code": STALL["code"]})
    assert shown["kind"] == "stall" and shown["merchant"]["id"] == STALL["merchantId"], shown
    items = [{"itemId": STALL["itemId"], "quantity": 1}]
    order = customer.ok("pay-by-code", {"code": STALL["code"], "items": items, "price": STALL["price"]})
    assert customer.event("payment-completed", orderId=order["id"])["paymentMethod"] == "wallet"
    assert vendor.event("new-order", orderId=order["id"])["price"] == STALL["price"]
    customer.refused("pay-by-code", {"code": "forged", "items": items, "price": STALL["price"]}, "code-invalid")
    first, second = FESTIVAL["codes"]
    ask = {"vendorId": STALL["merchantId"], "amount": 500, "capture": "manual"}
    asked = vendor.ok("request-payment", {**ask, "code": first})["id"]
    vendor.refused("request-payment", {**ask, "code": first}, "code-used")
    vendor.refused("payment-decision", {"paymentRequestId": asked, "decision": "accept"}, "forbidden")
    assert customer.event("payment-request-updated", paymentRequestId=asked)["status"] == "requested"
    customer.ok("payment-decision", {"paymentRequestId": asked, "decision": "accept"})
    assert customer.event("balance-updated", reason="hold")["held"] == 500
    vendor.ok("capture-payment", {"paymentRequestId": asked, "amount": 400})
    for app in (customer, vendor):
        assert app.event("payment-request-updated", paymentRequestId=asked, status="captured")["paymentRequest"]["captured"] == 400
    taken_back = vendor.ok("request-payment", {**ask, "code": second})["id"]
    vendor.ok("cancel-payment", {"paymentRequestId": taken_back})
    customer.event("payment-request-updated", paymentRequestId=taken_back, status="cancelled")
    customer.refused("capture-payment", {"paymentRequestId": asked}, "forbidden")
    step("codes and payments at the counter")


def renewing(customer, order_id):
    assert customer.ok("authenticate", {"token": customer.person["token"]})["expiresAt"]
    customer.refused("authenticate", {"token": "no token"}, "unauthenticated")
    assert customer.ok("leave-order-room", {"orderId": order_id})["feed"] == f"order:{order_id}"
    step("authenticate and leave-order-room")


def coming_back(customer, vendor, order_id):
    """What happens while nobody looks comes with the cursors, and only that."""
    epoch = customer.event("connected")["epoch"]
    customer.close()
    vendor.ok("update-order-status", {"orderId": order_id, "status": "completed"})
    back = App(customer.person, cursors=dict(customer.cursors), epoch=epoch)
    back.open()
    back.event("order-status-changed", orderId=order_id, status="completed")
    seen = {data["meta"]["id"] for _, data in customer.received if isinstance(data, dict) and "meta" in data}
    again = {data["meta"]["id"] for _, data in back.received if isinstance(data, dict) and "meta" in data}
    assert not seen & again, seen & again
    step("cursors after a reconnection")
    return back


def main():
    vendor = App(FESTIVAL["vendor"]).open()
    customer = App(FESTIVAL["customer"]).open()
    try:
        connecting(customer, vendor)
        rooms(customer, vendor)
        balance(customer)
        order_id = ordering(customer, vendor)
        tracking(customer, order_id)
        writing(customer, vendor, order_id)
        moving_on(customer, vendor, order_id)
        paying(customer, vendor)
        renewing(customer, order_id)
        customer = coming_back(customer, vendor, order_id)
        customer.refused("nobody-knows-this", {}, "bad-request")
        customer.ok("leave-user-room", {"userId": customer.person["id"]})
        step("the connection outlives every refusal")
    finally:
        customer.close()
        vendor.close()


main()
