/* confab.js: direct messages, changes and who is logged in, on bad days, played
 * by a scripted server. */
import assert from "node:assert/strict";
import { test } from "node:test";

import WebSocket from "ws";

import { Confab } from "../../web/confab.js";
import { Scripted, message } from "./scripted.mjs";
import { until } from "./server.mjs";

const quick = { WebSocket, backoffMs: 10, backoffMaxMs: 50 };
const told = ["msg", "edit", "delete", "moved", "stale", "state", "left"];

/** A direct message as the receiver's inbox has it. */
function direct(offset, more = {}) {
    const { room, epoch, ...rest } = message(offset);

    return { ...rest, to: "ada", ...more };
}

/* Ada, logged in, with what she is told: one row of [event, data, how]. */
async function loggedIn(t, answers = {}, options = {}) {
    const server = await Scripted.start({
        login: ({ user }) => ({
            user, ping: 25, inbox: { epoch: "i1", offset: 0 },
        }),
        ...answers,
    });
    const confab = new Confab({ url: server.url, ...quick, ...options });
    const heard = [];

    t.after(() => {
        confab.close();
        server.stop();
    });
    for (const event of told)
        confab.on(event, (data, how) => heard.push([event, data, how]));
    await confab.connect();
    await confab.login("ada");
    return { server, confab, heard };
}

const of = (heard, ...events) => heard.filter(([event]) =>
    events.includes(event));

const offsets = (heard) => of(heard, "msg").map(([, data]) => data.offset);

const asked = (server, wanted) => server.asked
    .filter(({ cmd }) => cmd === wanted).map(({ data }) => data);

function breakAndReturn(server, confab, heard) {
    const before = of(heard, "state").length;

    server.socket.terminate();
    return until(() => of(heard, "state").length > before
        && confab.state === "online", "online again");
}

test("the inbox is taken up where it was, changes as events", async (t) => {
    let recovery = {};
    const { server, confab, heard } = await loggedIn(t, {
        login: ({ user, inbox }) => ({
            user, ping: 25, inbox: { epoch: "i1", offset: inbox ? 9 : 3 },
            ...inbox && recovery,
        }),
    });

    for (const offset of [4, 6])
        server.send({ cmd: "msg", data: direct(offset) });
    await until(() => offsets(heard).length === 2, "two messages");
    assert.deepEqual(confab.inbox, { epoch: "i1", offset: 6, id: "id6" });
    recovery = { recovered: true, messages: [
        direct(6), direct(7),
        direct(8, { of: "id4", of_offset: 4, body: "better" }),
        direct(9, { of: "id6", of_offset: 6, body: undefined }),
    ] };
    await breakAndReturn(server, confab, heard);
    assert.deepEqual(asked(server, "login").map(({ inbox }) => inbox),
        [undefined, { epoch: "i1", offset: 6, id: "id6" }]);
    assert.deepEqual(of(heard, "msg", "edit", "delete").map(
        ([event, data, how]) => [event, data.of ?? data.id, how.recovered]),
    [["msg", "id4", false], ["msg", "id6", false], ["msg", "id7", true],
        ["edit", "id4", true], ["delete", "id6", true]]);
    assert.deepEqual(confab.inbox, { epoch: "i1", offset: 9, id: "id9" });
    assert.deepEqual(asked(server, "history"), []);
});

test("a login may begin where an earlier visit ended", async (t) => {
    const { server, confab, heard } = await loggedIn(t, {
        login: ({ user, inbox }) => ({
            user, ping: 25, inbox: { epoch: "i1", offset: 5 },
            ...inbox && { recovered: true, messages: [direct(5)] },
        }),
        logout: () => ({}),
    });

    assert.deepEqual(offsets(heard), []);
    await confab.logout();
    await confab.login({ user: "ada", inbox: { epoch: "i1", offset: 4 } });
    assert.deepEqual(offsets(heard), [5]);
    assert.deepEqual(asked(server, "login").at(-1).inbox,
        { epoch: "i1", offset: 4 });
});

test("an inbox that is not recovered is read from the history", async (t) => {
    const { server, confab, heard } = await loggedIn(t, {
        login: ({ user, inbox }) => ({
            user, ping: 25, inbox: { epoch: "i1", offset: inbox ? 8 : 2 },
            ...inbox && { recovered: false, messages: [] },
        }),
        /* 5 has expired, 7 and 8 are changes; 9 comes meanwhile. */
        history: ({ inbox, after }) => {
            if (inbox !== true || after !== 2)
                return { code: 1001, error: `after ${after}?` };
            server.send({ cmd: "msg", data: direct(9) });
            return { epoch: "i1", first: 3, last: 8, more: true,
                messages: [direct(3), direct(4), direct(6)] };
        },
    });

    await breakAndReturn(server, confab, heard);
    await until(() => offsets(heard).includes(9), "the live one");
    assert.deepEqual(offsets(heard), [3, 4, 6, 9]);
    assert.equal(asked(server, "history").length, 1);
    assert.deepEqual(of(heard, "stale").map(([, what]) => what),
        [{ inbox: true, offset: 9 }]);
    assert.deepEqual(of(heard, "moved"), []);
});

test("an inbox of another life, or far ahead, is told as moved", async (t) => {
    let inbox = { epoch: "i1", offset: 3 };
    const { server, confab, heard } = await loggedIn(t, {
        login: ({ user }) => ({
            user, ping: 25, inbox, recovered: false, messages: [],
        }),
    }, { recoverLimit: 100 });
    const moved = () => of(heard, "moved").map(([, why]) => why);

    inbox = { epoch: "i2", offset: 1 };
    await breakAndReturn(server, confab, heard);
    inbox = { epoch: "i2", offset: 102 };
    await breakAndReturn(server, confab, heard);
    assert.deepEqual(moved(), [
        { inbox: true, epoch: "i2", offset: 1, missed: undefined },
        { inbox: true, epoch: "i2", offset: 102, missed: 101 },
    ]);
    server.send({ cmd: "msg", data: direct(103) });
    await until(() => offsets(heard).length === 1, "the next one");
});

test("what the inbox leaves out is no gap, and an id is told once",
    async (t) => {
        const { server, heard } = await loggedIn(t);

        for (const offset of [2, 5, 5, 4])
            server.send({ cmd: "msg", data: direct(offset) });
        server.send({ cmd: "msg", data: direct(6, { id: "id5" }) });
        server.send({ cmd: "msg",
            data: direct(undefined, { id: "fleeting" }) });
        server.send({ cmd: "msg", data: direct(9) });
        await until(() => offsets(heard).includes(9), "the last one");
        assert.deepEqual(offsets(heard), [2, 5, undefined, 9]);
        assert.deepEqual(asked(server, "history"), []);
    });

test("an own message is told once: by its echo or not at all, and by the"
    + " recovery when its answer was lost", async (t) => {
    const recovered = [direct(1, { id: "silent", from: "ada", to: "bob" }),
        direct(2, { id: "lost", from: "ada", to: "bob", key: "k" })];
    const { server, confab, heard } = await loggedIn(t, {
        login: ({ user, inbox }) => ({
            user, ping: 25, inbox: { epoch: "i1", offset: inbox ? 2 : 0 },
            ...inbox && { recovered: true, messages: recovered },
        }),
        say: ({ body }) => body === "lost" ? server.socket.terminate()
            : { id: body, time: 1, epoch: "i1", offset: 1 },
    });

    await confab.say({ user: "bob" }, "silent", { echo: false });
    await assert.rejects(confab.say({ user: "bob" }, "lost", { key: "k" }),
        { maybeDone: true, key: "k" });
    await until(() => confab.state === "online", "online again");
    assert.deepEqual(of(heard, "msg").map(([, { id }]) => id), ["lost"]);
    assert.deepEqual(asked(server, "say").map(({ echo }) => echo),
        [false, true]);
});

test("only what is remembered is echoed unless it is asked for", async (t) => {
    const { server, confab } = await loggedIn(t, {
        say: () => ({ id: "x", time: 1, reached: 1 }),
    });

    for (const to of ["r", { user: "bob" }, { users: ["bob"] },
        { client: "c" }, { clients: ["c"] }, { all: true }])
        await confab.say(to, 1);
    await confab.say("r", 1, { keep: false });
    await confab.say({ user: "bob" }, 1, { keep: false, echo: true });
    assert.deepEqual(asked(server, "say").map(({ echo }) => echo), [true,
        true, true, undefined, undefined, undefined, undefined, true]);
});

test("changes stand in the line of a room, an own one is told once",
    async (t) => {
        const { server, confab, heard } = await loggedIn(t, {
            edit: () => ({ id: "c2", time: 5, epoch: "e1", offset: 2 }),
            delete: () => ({ id: "c4", time: 6, epoch: "e1", offset: 4 }),
        });
        const change = (cmd, offset, more) => server.send({ cmd,
            data: message(offset, { id: `c${offset}`, ...more }) });

        await confab.join("r");
        server.push(1);
        await until(() => offsets(heard).length === 1, "m 1");
        await confab.edit("r", "id1", "new words");
        change("edit", 2, { of: "id1", body: "new words" });
        change("edit", 3, { of: "id1", body: "newer" });
        await until(() => of(heard, "edit").length === 2, "two edits");
        await confab.remove("r", "id1");
        change("delete", 4, { of: "id1", body: undefined });
        server.push(5);
        await until(() => offsets(heard).includes(5), "m 5");
        assert.deepEqual(of(heard, "edit", "delete").map(([event, data]) =>
            [event, data.offset, data.of, data.body]),
        [["edit", 2, "id1", "new words"], ["edit", 3, "id1", "newer"],
            ["delete", 4, "id1", undefined]]);
        assert.equal(of(heard, "edit")[0][1].from, "ada");
        assert.deepEqual(asked(server, "history"), []);
        assert.deepEqual(asked(server, "edit"),
            [{ room: "r", id: "id1", body: "new words" }]);
    });

test("an own change of a direct message is told once", async (t) => {
    const { server, confab, heard } = await loggedIn(t, {
        edit: () => ({ id: "c2", time: 5, epoch: "i1", offset: 2 }),
    });

    await confab.edit({ user: "bob" }, "id1", "new words");
    server.send({ cmd: "edit",
        data: direct(2, { id: "c2", of: "id1", body: "new words" }) });
    server.send({ cmd: "msg", data: direct(3) });
    await until(() => offsets(heard).includes(3), "m 3");
    assert.deepEqual(of(heard, "edit").map(([, { to, of: id }]) => [to, id]),
        [["bob", "id1"]]);
});

test("a page that spans more than it shows: what is shown may be stale",
    async (t) => {
        const { server, confab, heard } = await loggedIn(t, {
            history: ({ after }) => ({
                epoch: "e1", first: after + 1, last: 5, more: false,
                messages: [message(2), message(4, { edited: 7 })],
            }),
        });

        await confab.join("r");
        server.push(1);
        server.push(6);
        server.push(7);
        await until(() => offsets(heard).includes(7), "m 7");
        assert.deepEqual(offsets(heard), [1, 2, 4, 6, 7]);
        assert.deepEqual(of(heard, "stale").map(([, what]) => what),
            [{ room: "r", offset: 7 }]);
    });

test("without fill, what the server dropped is not read", async (t) => {
    const { server, confab, heard } = await loggedIn(t);

    await confab.join("r", { fill: false });
    for (const offset of [1, 5, 3, 9])
        server.push(offset);
    await until(() => offsets(heard).includes(9), "m 9");
    assert.deepEqual(offsets(heard), [1, 5, 9]);
    assert.deepEqual(asked(server, "history"), []);
    assert.deepEqual(asked(server, "join"), [{ room: "r" }]);
});

test("a subscription is renewed after a break, also one to nothing",
    async (t) => {
        let types = ["a", "b"];
        const { server, confab, heard } = await loggedIn(t, {
            subscribe: (data) => data ?? { types: [], all: true },
            unsubscribe: () => ({ types: [] }),
        });
        /* What was asked before something that is answered. */
        const subscriptions = async () => {
            await confab.join("r");
            return server.asked
                .filter(({ cmd }) => cmd.endsWith("subscribe"))
                .map(({ cmd, data }) => [cmd, data?.types]);
        };

        await confab.subscribe(types);
        server.asked.length = 0;
        await breakAndReturn(server, confab, heard);
        assert.deepEqual(await subscriptions(), [["subscribe", types]]);

        await confab.unsubscribe(types);
        server.asked.length = 0;
        await breakAndReturn(server, confab, heard);
        const renewed = await subscriptions();

        [[, [types]]] = renewed;
        assert.deepEqual(renewed,
            [["subscribe", [types]], ["unsubscribe", [types]]]);

        await confab.subscribe();
        server.asked.length = 0;
        await breakAndReturn(server, confab, heard);
        assert.deepEqual(await subscriptions(), []);
    });

test("after logout nothing is restored", async (t) => {
    const { server, confab, heard } = await loggedIn(t, {
        logout: () => ({}),
    });

    await confab.join("r");
    await confab.logout();
    assert.equal(confab.state, "open");
    assert.equal(confab.user, undefined);
    assert.deepEqual(confab.joinedRooms, []);
    server.asked.length = 0;
    server.socket.terminate();
    await until(() => server.connections === 2 && confab.state === "open",
        "open again");
    assert.deepEqual(server.asked, []);
    await confab.login("bob");
    assert.equal(confab.user, "bob");
    assert.deepEqual(of(heard, "left"), []);
});

test("refused because our dead connection is still there: tried again",
    async (t) => {
        let refusals = 0;
        const { server, confab, heard } = await loggedIn(t, {
            login: ({ user }) => refusals-- > 0
                ? { code: 1009, error: "is logged in already" }
                : { user, ping: 25 },
        });

        refusals = 2;
        await breakAndReturn(server, confab, heard);
        assert.equal(server.connections, 4);
    });

test("a room that stays full is left, and a rate says when", async (t) => {
    let refusal = null;
    const { server, confab, heard } = await loggedIn(t, {
        join: ({ room }) => refusal
            ?? { room, epoch: "e1", offset: 0, users: 1 },
        say: () => ({ code: 1012, error: "slowly", data: { retry_ms: 70 } }),
    });

    await confab.join("r");
    await assert.rejects(confab.say("r", "too much"),
        (error) => error.isPassing && error.retryMs === 70);
    refusal = { code: 1012, error: "the room is full" };
    await breakAndReturn(server, confab, heard);
    assert.deepEqual(of(heard, "left").map(([, { room }]) => room), ["r"]);
    assert.deepEqual(confab.joinedRooms, []);
});
