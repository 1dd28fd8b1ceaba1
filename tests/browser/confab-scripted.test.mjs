/* confab.js on bad days, played by a scripted server. */
import assert from "node:assert/strict";
import { test } from "node:test";

import WebSocket from "ws";

import { Confab } from "../../web/confab.js";
import { pauseAfter } from "../../web/confab-pause.js";
import { Scripted, message } from "./scripted.mjs";
import { until } from "./server.mjs";

const quick = { WebSocket, backoffMs: 10, backoffMaxMs: 50 };

/* A client that is in room r, with what it was told. */
async function entered(t, answers, options = {}) {
    const server = await Scripted.start(answers);
    const confab = new Confab({ url: server.url, ...quick, ...options });
    const heard = { msg: [], state: [], moved: [] };

    t.after(() => {
        confab.close();
        server.stop();
    });
    for (const event of Object.keys(heard))
        confab.on(event, (data) => heard[event].push(data));
    await confab.connect();
    await confab.login("ada");
    await confab.join("r");
    return { server, confab, heard };
}

const bodies = (heard) => heard.msg.map((one) => one.body);

function historyOf(count) {
    return ({ after, limit }) => {
        const last = Math.min(after + limit, count);
        const messages = [];

        for (let offset = after + 1; offset <= last; offset++)
            messages.push(message(offset));
        return { epoch: "e1", messages, more: last < count };
    };
}

for (const code of [4001, 4003, 4009]) {
    test(`${code} is the end`, async (t) => {
        const { server, confab, heard } = await entered(t);

        server.socket.close(code, "why");
        await until(() => confab.state === "closed", "closed");
        assert.equal(heard.state.at(-1).code, code);
        assert.equal(heard.state.at(-1).reason, "why");
        assert.ok(!heard.state.some(({ state }) => state === "waiting"));
        assert.equal(server.connections, 1);
        /* The application may say otherwise. */
        await confab.connect();
        await until(() => confab.state === "online", "online again");
    });
}

for (const code of [1001, 1006, 1009, 1012, 4008, 4013]) {
    test(`after ${code} it comes back, logs in and joins`, async (t) => {
        const { server, confab, heard } = await entered(t);

        server.asked.length = 0;
        if (code === 1006)
            server.socket.terminate();
        else
            server.socket.close(code, code === 1012 ? "20" : "");
        await until(() => heard.state.some(({ state }) => state === "waiting")
            && confab.state === "online", "online again");
        assert.equal(server.connections, 2);
        assert.deepEqual(server.asked.map(({ cmd }) => cmd),
            ["login", "join"]);
    });
}

test("pauses: at once, as told, long, or doubling up to a limit", () => {
    const limits = { backoffMs: 100, backoffMaxMs: 1000 };
    const pause = (code, failures, reason) =>
        pauseAfter({ code, failures, reason }, limits);

    assert.equal(pause(1001, 0), 0);
    assert.ok(pause(1001, 1) >= 100);
    assert.equal(pause(1012, 0, "1234"), 1234);
    assert.ok(pause(1012, 0, "soon") <= 100);
    assert.ok(pause(4014, 0) >= 5000);
    for (let failures = 0; failures < 40; failures++) {
        const most = Math.min(100 * 2 ** failures, 1000);
        const ms = pause(1006, failures);

        assert.ok(ms >= most / 2 && ms <= most, `${failures}: ${ms}`);
    }
});

test("repeats are dropped and order is kept", async (t) => {
    const { server, heard } = await entered(t);

    for (const offset of [1, 2, 2, 1, 3])
        server.push(offset);
    server.push(2, { id: "known place", body: "known place" });
    server.push(undefined, { id: "loose", body: "loose" });
    server.push(undefined, { id: "loose", body: "loose" });
    server.push(4);
    await until(() => bodies(heard).includes("m 4"), "m 4");
    assert.deepEqual(bodies(heard), ["m 1", "m 2", "m 3", "loose", "m 4"]);
});

test("a gap is read from the history before what follows it", async (t) => {
    const { server, heard } = await entered(t, { history: historyOf(6) });

    server.push(1);
    server.push(5);
    server.push(6);
    server.push(7);
    await until(() => bodies(heard).includes("m 7"), "m 7");
    assert.deepEqual(bodies(heard),
        [1, 2, 3, 4, 5, 6, 7].map((n) => `m ${n}`));
});

test("messages that no longer exist are no reason to wait", async (t) => {
    const { server, heard } = await entered(t, {
        history: () => ({ epoch: "e1", messages: [], more: false }),
    });

    server.push(1);
    server.push(5);
    server.push(6);
    await until(() => bodies(heard).includes("m 6"), "m 6");
    assert.deepEqual(bodies(heard), ["m 1", "m 5", "m 6"]);
});

test("a history that is unavailable for a while is asked again", async (t) => {
    let refusals = 2;
    const { server, heard } = await entered(t, {
        history: (query) => refusals-- > 0
            ? { code: 1004, error: "later" } : historyOf(3)(query),
    });

    server.push(3);
    await until(() => bodies(heard).length === 3, "three messages");
    assert.deepEqual(bodies(heard), ["m 1", "m 2", "m 3"]);
});

test("several pages are read after a reconnect, live ones behind them",
    async (t) => {
        let top = 0;
        const { server, confab, heard } = await entered(t, {
            join: ({ room }) => ({ room, epoch: "e1", offset: top, users: 1 }),
            history: (query) => {
                if (query.after === 200)
                    server.push(901);
                return historyOf(900)(query);
            },
        });

        top = 900;
        server.socket.terminate();
        await until(() => heard.msg.length >= 901, "901 messages");
        assert.deepEqual(heard.msg.map(({ offset }) => offset),
            Array.from({ length: 901 }, (_, i) => i + 1));
        assert.equal(confab.state, "online");
    });

test("a join made again says where it was and takes what was missed",
    async (t) => {
        let top = 2;
        let recovered = true;
        const { server, confab, heard } = await entered(t, {
            join: ({ room, since }) => ({
                room, epoch: "e1", offset: top, users: 1,
                ...since && {
                    recovered,
                    messages: !recovered ? [] : historyOf(top)({
                        after: since.offset, limit: top,
                    }).messages,
                },
            }),
            history: historyOf(9),
        });
        const flags = [];
        const sinces = () => server.asked.filter(({ cmd }) => cmd === "join")
            .map(({ data }) => data.since);

        confab.on("msg", (_, how) => flags.push(how.recovered));
        server.push(3);
        await until(() => heard.msg.length === 1, "m 3");
        top = 6;
        server.socket.terminate();
        await until(() => heard.msg.length === 4, "what was missed");
        server.push(7);
        await until(() => heard.msg.length === 5, "m 7");
        assert.ok(!server.asked.some(({ cmd }) => cmd === "history"));

        /* The server cannot: then it is read from the history. */
        recovered = false;
        top = 9;
        server.socket.terminate();
        await until(() => heard.msg.length === 7, "all of it");
        assert.ok(server.asked.some(({ cmd }) => cmd === "history"));
        assert.deepEqual(heard.msg.map(({ offset }) => offset),
            [3, 4, 5, 6, 7, 8, 9]);
        assert.deepEqual(flags,
            [false, true, true, true, false, true, true]);
        assert.deepEqual(sinces(), [undefined,
            { epoch: "e1", offset: 3, id: "id3" },
            { epoch: "e1", offset: 7, id: "id7" }]);
        assert.deepEqual(heard.moved, []);
    });

test("each message has a key of its own, and its error names it",
    async (t) => {
        const { server, confab } = await entered(t, {
            say: ({ body }) => body === "lost" ? null
                : { id: `id ${body}`, time: 1 },
        });
        const keys = () => server.asked.filter(({ cmd }) => cmd === "say")
            .map(({ data }) => data.key);
        const said = confab.say("r", "lost");
        let failure;

        said.catch((error) => {
            failure = error;
        });
        await confab.say("r", "1");
        await confab.say("r", "2", { key: "mine" });
        server.socket.terminate();
        await until(() => failure, "the failure");
        await until(() => confab.state === "online", "online again");
        await confab.say("r", "again", { key: failure.key });
        const [lost, one, two, again] = keys();

        assert.equal(failure.maybeDone, true);
        assert.equal(failure.key, lost);
        assert.equal(again, lost);
        assert.equal(two, "mine");
        assert.notEqual(one, lost);
        assert.ok(lost.length > 10 && lost.length <= 128);
    });

test("another epoch, or too much missed, is told as moved", async (t) => {
    let answer = { epoch: "e2", offset: 7 };
    const { server, heard } = await entered(t, {
        join: ({ room }) => ({ room, users: 1, ...answer }),
    }, { recoverLimit: 100 });

    answer = { epoch: "e3", offset: 3 };
    server.socket.terminate();
    await until(() => heard.moved.length === 1, "moved");
    assert.equal(heard.moved[0].epoch, "e3");
    assert.equal(heard.moved[0].offset, 3);

    answer = { epoch: "e3", offset: 104 };
    server.socket.terminate();
    await until(() => heard.moved.length === 2, "moved again");
    assert.equal(heard.moved[1].missed, 101);
    server.push(105, { epoch: "e3" });
    await until(() => heard.msg.length === 1, "the next message");
});

test("an own message without echo is no gap", async (t) => {
    const { server, confab, heard } = await entered(t, {
        say: () => ({ id: "id1", time: 1, epoch: "e1", offset: 1 }),
    });

    await confab.say("r", "mine", { echo: false });
    server.push(2);
    await until(() => heard.msg.length === 1, "m 2");
    assert.ok(!server.asked.some(({ cmd }) => cmd === "history"));
});

test("what was asked when the connection broke is rejected", async (t) => {
    const { server, confab } = await entered(t, { say: () => null });
    const said = confab.say("r", "lost");
    const check = assert.rejects(said, { code: 0, maybeDone: true });

    await until(() => server.asked.some(({ cmd }) => cmd === "say"), "say");
    server.socket.terminate();
    await check;
    await assert.rejects(confab.say("r", "too early"),
        { code: 0, maybeDone: false });
});

test("a refused request is rejected with code and error", async (t) => {
    const { confab } = await entered(t, {
        history: () => ({ code: 1003, error: "not for you" }),
    });

    await assert.rejects(confab.history("r"),
        { code: 1003, error: "not for you" });
});

test("a backend makes a member, and no member any more", async (t) => {
    const { server, confab, heard } = await entered(t);
    const rooms = [];

    confab.on("joined", ({ room }) => rooms.push(room));
    confab.on("left", ({ room, error }) => rooms.push([room, error]));
    server.send({ cmd: "join", data: {
        room: "x", epoch: "e1", offset: 4, users: 1, connections: 1,
    } });
    server.send({ cmd: "msg", data: { ...message(5), room: "x" } });
    await until(() => heard.msg.length === 1, "the message");
    assert.deepEqual(confab.joinedRooms, ["r", "x"]);
    server.asked.length = 0;
    server.socket.terminate();
    await until(() => server.connections === 2
        && confab.state === "online", "online again");
    assert.deepEqual(server.asked.map(({ data }) => data.room),
        [undefined, "r", "x"]);
    assert.equal(server.asked.at(-1).data.since.offset, 5);
    server.send({ cmd: "leave", data: { room: "x" } });
    await until(() => Array.isArray(rooms.at(-1)), "left");
    assert.deepEqual(rooms.at(-1), ["x", undefined]);
    assert.deepEqual(confab.joinedRooms, ["r"]);
});

test("a login that is refused at the return ends it", async (t) => {
    let isBanned = false;
    const { server, confab, heard } = await entered(t, {
        login: () => isBanned
            ? { code: 1003, error: "banned" } : { user: "ada" },
    });

    isBanned = true;
    server.socket.terminate();
    await until(() => confab.state === "closed", "closed");
    assert.equal(heard.state.at(-1).reason, "banned");
});

test("close and leave end what they should", async (t) => {
    const { server, confab } = await entered(t, {
        leave: ({ room }) => ({ room }),
    });

    await confab.leave("r");
    assert.deepEqual(confab.joinedRooms, []);
    server.asked.length = 0;
    server.socket.terminate();
    await until(() => server.connections === 2
        && confab.state === "online", "online again");
    assert.deepEqual(server.asked.map(({ cmd }) => cmd), ["login"]);
    confab.close();
    assert.equal(confab.state, "closed");
    await until(() => server.server.clients.size === 0, "nobody is left");
});
