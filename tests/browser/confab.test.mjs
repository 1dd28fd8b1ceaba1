/* confab.js without a browser, against the real daemon. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import WebSocket from "ws";

import {
    enterQuietly, everybodyGoes, numbered, sayAll,
} from "./people.mjs";
import { Server, until } from "./server.mjs";

let server;

before(async () => {
    server = await Server.start();
});

after(() => everybodyGoes(undefined, server));

/* Collects the bodies that a client hears. */
function listenTo(confab) {
    const heard = [];

    confab.on("msg", (message) => heard.push(message.body));
    return heard;
}

test("two clients hear the same, in the same order", async () => {
    const ada = await enterQuietly(server, "ada", "talk");
    const bob = await enterQuietly(server, "bob", "talk");
    const [atAda, atBob] = [listenTo(ada), listenTo(bob)];

    await Promise.all([sayAll(ada, "talk", numbered("a", 60)),
        sayAll(bob, "talk", numbered("b", 60))]);
    await until(() => atAda.length === 120 && atBob.length === 120, "120");
    assert.deepEqual(atBob, atAda);
    assert.deepEqual(atAda.filter((text) => text.startsWith("a")),
        numbered("a", 60));
    ada.close();
    bob.close();
});

test("members, rooms, history and ping answer", async () => {
    const ada = await enterQuietly(server, "ada", "facts");
    const said = await sayAll(ada, "facts", numbered("f", 5));
    const page = await ada.history("facts", { before: 5, limit: 3 });

    assert.deepEqual(page.messages.map(({ body }) => body),
        ["f 2", "f 3", "f 4"]);
    assert.equal(page.more, true);
    assert.deepEqual(said.map(({ offset }) => offset), [1, 2, 3, 4, 5]);
    assert.deepEqual((await ada.members("facts")).members
        .map(({ user }) => user), ["ada"]);
    assert.ok((await ada.rooms()).rooms.some(({ room }) => room === "facts"));
    assert.ok((await ada.rooms({ listed: true })).rooms
        .some(({ room, users }) => room === "facts" && users === 1));
    assert.ok((await ada.ping()).time > 0);
    ada.close();
});

test("search finds what was said, newest first, page by page", async () => {
    const ada = await enterQuietly(server, "ada", "finding");
    const bodies = (page) => page.messages.map(({ body }) => body);

    await sayAll(ada, "finding", [...numbered("apple", 3), "你好世界", "pear"]);
    const page = await ada.search("finding", { text: "APPLE", limit: 2 });

    assert.deepEqual(bodies(page), ["apple 3", "apple 2"]);
    assert.equal(page.more, true);
    const rest = await ada.search("finding",
        { text: "apple", before: page.next });

    assert.deepEqual(bodies(rest), ["apple 1"]);
    assert.equal(rest.more, false);
    assert.deepEqual(bodies(await ada.search("finding", { text: "世界" })),
        ["你好世界"]);
    await assert.rejects(ada.search("finding", { text: " " }),
        (error) => error.code === 1001);
    ada.close();
});

test("enter and exit tell who comes and goes, with the count", async () => {
    const ada = await enterQuietly(server, "ada", "door");
    const told = [];

    for (const event of ["enter", "exit"]) {
        ada.on(event, ({ user, users }) =>
            told.push(`${event} ${user} ${users}`));
    }
    const bob = await enterQuietly(server, "bob", "door");

    await bob.leave("door");
    await until(() => told.length === 2, "enter and exit");
    assert.deepEqual(told, ["enter bob 2", "exit bob 1"]);
    ada.close();
    bob.close();
});

test("a refusal has the protocol's code", async () => {
    const ada = await enterQuietly(server, "ada", "codes");

    await assert.rejects(ada.request("no-such-thing"), { code: 1010 });
    await assert.rejects(ada.request("join", { room: 5 }), { code: 1001 });
    ada.close();
});

test("kill -9 of the gateways costs no message and doubles none", async () => {
    const ada = await enterQuietly(server, "ada", "kill");
    const bob = await enterQuietly(server, "bob", "kill");
    const heard = listenTo(ada);
    const states = [];

    ada.on("state", ({ state }) => states.push(state));
    await sayAll(bob, "kill", numbered("m", 10));
    await until(() => heard.length === 10, "ten messages");
    await server.kill("gateway");
    await until(() => states.includes("waiting"), "the break is noticed");
    await until(() => bob.state === "online", "bob is back");
    /* More than two pages, while ada may still be on her way. */
    await sayAll(bob, "kill", numbered("m", 490, 11));
    await until(() => heard.length >= 500, "all messages");
    assert.deepEqual(heard, numbered("m", 500));
    ada.close();
    bob.close();
});

test("a message said again with its key is one, over a kill", async () => {
    const ada = await enterQuietly(server, "ada", "keys");
    const bob = await enterQuietly(server, "bob", "keys");
    const heard = listenTo(bob);
    const first = await ada.say("keys", "once", { key: "k" });

    await server.kill("ledger");
    const again = await ada.say("keys", "once", { key: "k" });

    assert.deepEqual(again, first);
    await ada.say("keys", "end");
    await until(() => heard.includes("end"), "the end");
    assert.deepEqual(heard, ["once", "end"]);
    ada.close();
    bob.close();
});

test("4001 of the daemon is the end", async () => {
    let socket;

    /* To say what the library never would. */
    class Open extends WebSocket {
        constructor(...args) {
            super(...args);
            socket = this;
        }
    }
    const ada = await enterQuietly(server, "ada", "nonsense",
        { WebSocket: Open });
    const changes = [];

    ada.on("state", (change) => changes.push(change));

    for (let i = 0; i < 17; i++)
        socket.send("nonsense");
    await until(() => ada.state === "closed", "closed");
    assert.equal(changes.at(-1).code, 4001);
});

test("a restart keeps history, offsets and epochs", async () => {
    const ada = await enterQuietly(server, "ada", "restart");
    const heard = listenTo(ada);
    const moved = [];

    ada.on("moved", (why) => moved.push(why));
    const [before] = await sayAll(ada, "restart", ["one"]);

    await server.terminate();
    await until(() => ada.state === "waiting", "the break is noticed");
    await server.launch();
    await until(() => ada.state === "online", "ada is back");
    const [again] = await sayAll(ada, "restart", ["two"]);

    assert.equal(again.epoch, before.epoch);
    assert.equal(again.offset, before.offset + 1);
    await until(() => heard.length === 2, "both messages");
    assert.deepEqual(moved, []);
    const page = await ada.history("restart", { after: 0 });

    assert.deepEqual(page.messages.map(({ body }) => body), ["one", "two"]);
    ada.close();
});
