/* confab.js with tokens: where they come from, and new ones in time. */
import assert from "node:assert/strict";
import { test } from "node:test";

import WebSocket from "ws";

import { Confab } from "../../web/confab.js";
import { Scripted } from "./scripted.mjs";
import { Server, until } from "./server.mjs";

const quick = { WebSocket, backoffMs: 10, backoffMaxMs: 50 };

/* A scripted server whose tokens last so long. */
async function scripted(t, lastMs, answers = {}) {
    const server = await Scripted.start({
        login: () => ({ user: "ada", ping: 25, time: 5000,
            expires: 5000 + lastMs }),
        refresh: () => ({ expires: 5000 + 3600000 }),
        ...answers,
    });
    const confab = new Confab({ url: server.url, ...quick });

    t.after(() => {
        confab.close();
        server.stop();
    });
    await confab.connect();
    return { server, confab };
}

const asked = (server, cmd) => server.asked
    .filter((one) => one.cmd === cmd).map(({ data }) => data.token);

/* token 1, token 2, … */
function counting() {
    let count = 0;

    return () => `token ${++count}`;
}

test("a token says who we are", async (t) => {
    const { server, confab } = await scripted(t, 60000);

    await confab.login({ token: "given" });
    assert.equal(confab.user, "ada");
    assert.deepEqual(asked(server, "login"), ["given"]);
    assert.equal(server.asked[0].data.user, undefined);
});

test("one that is given is given again after a break", async (t) => {
    const { server, confab } = await scripted(t, 60000);

    await confab.login({ token: "given" });
    server.socket.terminate();
    await until(() => asked(server, "login").length === 2
        && confab.state === "online", "online again");
    assert.deepEqual(asked(server, "login"), ["given", "given"]);
});

test("a function is asked for each login", async (t) => {
    const { server, confab } = await scripted(t, 60000);

    await confab.login({ token: counting() });
    server.socket.terminate();
    await until(() => asked(server, "login").length === 2
        && confab.state === "online", "online again");
    assert.deepEqual(asked(server, "login"), ["token 1", "token 2"]);
});

test("a token is renewed before it ends", async (t) => {
    const { server, confab } = await scripted(t, 100);

    await confab.login({ token: counting() });
    await until(() => asked(server, "refresh").length > 0, "renewed");
    assert.deepEqual(asked(server, "refresh"), ["token 2"]);
    assert.equal(server.connections, 1);
    assert.equal(confab.state, "online");
});

test("what cannot be got now keeps a login waiting", async (t) => {
    const { server, confab } = await scripted(t, 60000);
    let tries = 0;

    await confab.login({
        token: () => {
            if (++tries === 2)
                throw new Error("away");
            return `token ${tries}`;
        },
    });
    server.socket.terminate();
    await until(() => asked(server, "login").length === 2
        && confab.state === "online", "online again");
    assert.deepEqual(asked(server, "login"), ["token 1", "token 3"]);
    await assert.rejects(new Confab({ url: server.url, ...quick })
        .login({ token: () => Promise.reject(new Error("no")) }),
    /no token: no/);
});

test("closed at its end, we come back with another one", async (t) => {
    const { server, confab } = await scripted(t, 50, {
        refresh: () => ({ code: 1003, error: "no" }),
    });

    await confab.login({ token: counting() });
    await until(() => asked(server, "refresh").length === 1, "refused");
    server.socket.close(4003, "the token has expired");
    await until(() => asked(server, "login").length === 2
        && confab.state === "online", "online again");
    assert.ok(asked(server, "login")[1] !== "token 1");
});

test("thrown out long before its end, we stay out", async (t) => {
    const { server, confab } = await scripted(t, 60000);

    await confab.login({ token: counting() });
    server.socket.close(4003, "kicked");
    await until(() => confab.state === "closed", "closed");
    assert.equal(server.connections, 1);
});

test("after a logout nothing is renewed", async (t) => {
    const { server, confab } = await scripted(t, 100, { logout: () => ({}) });

    await confab.login({ token: counting() });
    await confab.logout();
    /* One that came later is renewed, so the first one is not. */
    const other = new Confab({ url: server.url, ...quick });

    t.after(() => other.close());
    await other.connect();
    await other.login({ token: () => "of another" });
    await until(() => asked(server, "refresh").length > 0, "renewed");
    assert.deepEqual(asked(server, "refresh"), ["of another"]);
});

test("with a real server a login outlives its tokens", async (t) => {
    const server = await Server.start({
        files: { "token.key": "a secret of at least thirty-two bytes" },
        more: 'tenant default { auth = token\n'
            + '    token_key_file = "@/token.key" }',
    });
    const confab = new Confab({ url: server.url, ...quick });
    let tokens = 0;

    t.after(async () => {
        confab.close();
        await server.stop();
    });
    await confab.connect();
    await assert.rejects(confab.login("ada"), { code: 1003 });
    await confab.login({
        token: async () => {
            tokens++;
            return server.control("token", "mint", "-u", "ada", "-e", "2",
                "-k", `${server.directory}/token.key`);
        },
    });
    assert.equal(confab.user, "ada");
    await until(() => tokens >= 4, "four tokens");
    assert.equal(confab.state, "online");
});
