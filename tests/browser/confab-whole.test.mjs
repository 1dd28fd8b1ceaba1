/* confab.js against the real daemon: all that is not rooms and messages. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { arrive, enterQuietly, everybodyGoes, numbered } from "./people.mjs";
import { Server, until } from "./server.mjs";

let server;

before(async () => {
    server = await Server.start();
});

after(() => everybodyGoes(undefined, server));

/* What somebody is told, as [event, data, how]. */
function listenTo(confab, ...events) {
    const heard = [];

    for (const event of events)
        confab.on(event, (data, how) => heard.push([event, data, how]));
    heard.until = (count) => until(() => heard.length >= count,
        `${count} of ${events}`);
    heard.bodies = () => heard.map(([, { body }]) => body);
    return heard;
}

/* People of one test, with names that no other test uses. */
async function people(t, ...names) {
    const all = await Promise.all(names.map((name) => arrive(server, name)));

    t.after(() => all.forEach((one) => one.close()));
    return all;
}

test("a direct message comes to each connection of both sides once",
    async (t) => {
        const [ada, phone, bob] = await people(t, "ada1", "ada1", "bob1");
        const [atAda, atPhone, atBob] = [ada, phone, bob].map((one) =>
            listenTo(one, "msg"));
        const said = await ada.say({ user: "bob1" }, { deep: ["thought"] });

        await Promise.all([atAda, atPhone, atBob].map((one) => one.until(1)));
        for (const [one, offset] of [[atAda, said.offset],
            [atPhone, said.offset], [atBob, 1]]) {
            const [[, message]] = one;

            assert.equal(message.id, said.id);
            assert.equal(message.from, "ada1");
            assert.equal(message.to, "bob1");
            assert.equal(message.offset, offset);
            assert.deepEqual(message.body, { deep: ["thought"] });
        }
        assert.equal(atBob[0][1].key, undefined);
        assert.equal(atPhone[0][1].key, atAda[0][1].key);
        await bob.say({ user: "bob1" }, "note to self");
        await atBob.until(2);
        assert.deepEqual(atAda.bodies().length, 1);
    });

test("one message to several is one in each inbox", async (t) => {
    const [ada, bob, eve] = await people(t, "ada2", "bob2", "eve2");
    const [atAda, atBob, atEve] = [ada, bob, eve].map((one) =>
        listenTo(one, "msg"));
    const { id } = await ada.say({ users: ["bob2", "eve2", "bob2"] }, "all");

    await Promise.all([atAda, atBob, atEve].map((one) => one.until(1)));
    assert.deepEqual([atAda, atBob, atEve].map(([[, one]]) => one.id),
        [id, id, id]);
    assert.deepEqual(atAda[0][1].users, ["bob2", "eve2"]);
    assert.equal(atBob[0][1].to, "bob2");
    for (const user of ["bob2", "eve2"]) {
        const page = await ada.history({ user });

        assert.deepEqual(page.messages.map((one) => one.id), [id]);
    }
});

test("what nobody remembers reaches who is there", async (t) => {
    const [ada, bob] = await people(t, "ada3", "bob3");
    const atBob = listenTo(bob, "msg");
    const { client } = await bob.logout()
        .then(() => bob.login("bob3"));
    const told = [
        await ada.say({ user: "bob3" }, "fleeting", { keep: false }),
        await ada.say({ client }, "to the client"),
        await ada.say({ clients: [client, "nobody"] }, "to clients"),
    ];

    await ada.say({ all: true }, "to all");
    await atBob.until(4);
    assert.deepEqual(atBob.bodies(),
        ["fleeting", "to the client", "to clients", "to all"]);
    assert.deepEqual(told.map(({ reached }) => reached), [1, 1, 1]);
    assert.equal(atBob[1][1].client, true);
    assert.equal(atBob[3][1].all, true);
    assert.deepEqual((await bob.history({ inbox: true })).messages, []);
    await assert.rejects(ada.say({ client: "nobody" }, 1), { code: 1005 });
});

test("a platform, a type and a time to live choose who gets it",
    async (t) => {
        const [ada, bob] = await people(t, "ada4", "bob4");
        const phone = await arrive(server, { user: "bob4", platform: 102 });
        const [atDesk, atPhone] = [bob, phone].map((one) =>
            listenTo(one, "msg"));

        t.after(() => phone.close());
        await ada.say({ user: "bob4", platform: 102 }, "only the phone");
        assert.deepEqual((await phone.subscribe(["news"])).types, ["news"]);
        await ada.say({ user: "bob4" }, "not news");
        await ada.say({ user: "bob4" }, "news", { type: "news" });
        await phone.unsubscribe(["news"]);
        await ada.say({ user: "bob4" }, "more", { type: "news" });
        assert.equal((await phone.subscribe()).all, true);
        await ada.say({ user: "bob4" }, "the end");
        await Promise.all([atDesk.until(4), atPhone.until(3)]);
        assert.deepEqual(atPhone.bodies(),
            ["only the phone", "news", "the end"]);
        assert.equal(atPhone[0][1].only, 102);
        assert.deepEqual(atDesk.bodies(),
            ["not news", "news", "more", "the end"]);
        assert.equal((await bob.history({ inbox: true })).messages.length, 5);
    });

test("a message to live shortly is not in the history later", async (t) => {
    const [ada, bob] = await people(t, "ada5", "bob5");

    await ada.say({ user: "bob5" }, "short", { ttl: 1 });
    await ada.say({ user: "bob5" }, "long", { ttl: 1000 });
    await until(async () => {
        const page = await bob.history({ user: "ada5" });

        return page.messages.length === 1 && page.messages[0].body === "long";
    }, "the short one is gone");
});

test("history is read by offset, id and time, of a pair or a whole inbox",
    async (t) => {
        const [ada, bob] = await people(t, "ada6", "bob6");
        const said = [];

        for (const text of numbered("m", 6)) {
            said.push(await ada.say({ user: "bob6" }, text));
            await ada.say({ user: "eve6" }, "between");
        }
        const bodies = async (query) => (await ada.history({ user: "bob6" },
            query)).messages.map(({ body }) => body);

        assert.deepEqual(await bodies({ limit: 2 }), ["m 5", "m 6"]);
        assert.deepEqual(await bodies({ after: said[3].offset }),
            ["m 5", "m 6"]);
        assert.deepEqual(await bodies({ before: said[2].offset, limit: 1 }),
            ["m 2"]);
        assert.deepEqual(await bodies({ before_id: said[2].id }),
            ["m 1", "m 2"]);
        assert.deepEqual(await bodies({ after_id: said[4].id }), ["m 6"]);
        assert.deepEqual(await bodies({ from_time: said[0].time }),
            numbered("m", 6));
        const inbox = await ada.history({ inbox: true }, { limit: 3 });

        assert.deepEqual(inbox.messages.map(({ body }) => body),
            ["between", "m 6", "between"]);
        assert.equal(inbox.more, true);
        assert.equal((await bob.history({ inbox: true })).messages.length, 6);
        const found = await bob.search({ user: "ada6" }, { text: "m" });

        assert.equal(found.messages[0].body, "m 6");
    });

test("edits and deletions come as events, and only one's own are possible",
    async (t) => {
        const [ada, bob] = await people(t, "ada7", "bob7");

        await ada.join("changes7");
        await bob.join("changes7");
        const [atAda, atBob] = [ada, bob].map((one) =>
            listenTo(one, "msg", "edit", "delete"));
        const wheres = ["changes7", { user: "bob7" }];

        for (const where of wheres) {
            const { id } = await ada.say(where, "words");

            await ada.edit(where, id, ["other", "words"]);
            await assert.rejects(bob.edit(where === wheres[0] ? where
                : { user: "ada7" }, id, "mine now"), { code: 1003 });
            await ada.remove(where, id);
            await assert.rejects(ada.remove(where, id), { code: 1005 });
            await assert.rejects(ada.edit(where, id, 1), { code: 1005 });
            const last = (await ada.history(where)).messages.at(-1);

            assert.equal(last.id, id);
            assert.equal(last.body, null);
            assert.ok(last.deleted >= last.time);
        }
        for (const heard of [atAda, atBob]) {
            await heard.until(6);
            assert.deepEqual(heard.map(([event]) => event), ["msg", "edit",
                "delete", "msg", "edit", "delete"]);
            assert.deepEqual(heard[1][1].body, ["other", "words"]);
            assert.equal(heard[5][1].of, heard[3][1].id);
            assert.equal(heard[5][1].body, undefined);
        }
    });

test("read marks grow, are told to others and are there at the next join",
    async (t) => {
        const [ada, bob, again] = await people(t, "ada8", "bob8", "bob8");
        const [atAda, atBob, atAgain] = [ada, bob, again].map((one) =>
            listenTo(one, "read"));

        await ada.join("marks8");
        await bob.join("marks8");
        for (const text of numbered("m", 3))
            await ada.say("marks8", text);
        assert.equal((await bob.read("marks8", 2)).offset, 2);
        assert.equal((await bob.read("marks8", 1)).offset, 2);
        await assert.rejects(bob.read("marks8", 4), { code: 1001 });
        await atAda.until(1);
        assert.deepEqual(atAda[0][1],
            { room: "marks8", user: "bob8", offset: 2 });
        assert.equal((await again.join("marks8")).read, 2);
        assert.deepEqual((await again.rooms()).rooms.map(({ room, read }) =>
            [room, read]), [["marks8", 2]]);

        const { offset } = await ada.say({ user: "bob8" }, "read this");

        await bob.read({ user: "ada8" }, 1);
        await atAda.until(2);
        assert.deepEqual(atAda[1][1],
            { user: "bob8", with: "bob8", offset });
        await until(() => atAgain.some(([, mark]) =>
            mark.with === "ada8"), "the mark on the other connection");
        assert.ok(!atBob.some(([, mark]) => mark.with === "ada8"));
    });

test("who is online, where, and how many in a crowd", async (t) => {
    const [ada, bob] = await people(t, "ada9", "bob9");
    const phone = await arrive(server, { user: "bob9", platform: 102 });

    assert.deepEqual((await ada.online(["bob9", "eve9", "ada9"])).online,
        { ada9: [101], bob9: [101, 102] });
    const counts = listenTo(ada, "count");
    const crowd = await people(t, ...numbered("c9-", 5));

    await ada.join("crowd:9");
    await Promise.all(crowd.map((one) => one.join("crowd:9")));
    await until(() => counts.at(-1)?.[1].users === 6, "six are counted");
    assert.deepEqual(counts.at(-1)[1],
        { room: "crowd:9", users: 6, connections: 6 });
    await phone.close();
    bob.close();
});

test("what was missed in the inbox comes after kills and restarts, once",
    async (t) => {
        const [ada, bob] = await people(t, "ada10", "bob10");
        const heard = listenTo(ada, "msg", "edit", "moved", "stale");
        const say = (text) => until(() => bob.say({ user: "ada10" }, text)
            .catch((error) => {
                if (error.code !== 0 && !error.isPassing)
                    throw error;
            }), `${text} is said`);
        const { id } = await say("m 1");

        await say("m 2");
        await heard.until(2);
        for (const what of ["gateway", "ledger", "historian"]) {
            await server.kill(what);
            await say(`after ${what}`);
        }
        await bob.edit({ user: "ada10" }, id, "m 1, changed");
        await until(() => heard.some(([event]) => event === "edit"),
            "the edit");
        assert.deepEqual(heard.bodies(), ["m 1", "m 2", "after gateway",
            "after ledger", "after historian", "m 1, changed"]);

        await server.terminate();
        await until(() => ada.state === "waiting", "the break is noticed");
        await server.launch();
        await bob.untilOnline();
        await say("after all");
        await until(() => heard.bodies().includes("after all"), "the last");
        assert.equal(heard.length, 7);
    });

test("the inbox seen by an earlier visit is taken up by the next",
    async (t) => {
        const [ada, bob] = await people(t, "ada11", "bob11");

        await bob.say({ user: "ada11" }, "seen");
        await until(() => ada.inbox.offset === 1, "the first one");
        const { inbox } = ada;

        ada.close();
        const { id } = await bob.say({ user: "ada11" }, "missed");

        await bob.edit({ user: "ada11" }, id, "missed, changed");
        const later = await arrive(server, "nobody11");
        const heard = listenTo(later, "msg", "edit");

        t.after(() => later.close());
        await later.logout();
        await later.login({ user: "ada11", inbox });
        assert.deepEqual(heard.map(([event, { body }, { recovered }]) =>
            [event, body, recovered]).slice(-1),
        [["edit", "missed, changed", true]]);
        assert.equal(later.user, "ada11");
        assert.equal(later.inbox.offset, 3);
    });

test("logout ends what comes, and another may log in", async (t) => {
    const [ada, bob] = await people(t, "ada12", "bob12");
    const exits = listenTo(bob, "exit");
    const heard = listenTo(ada, "msg");

    await ada.join("hall12");
    await bob.join("hall12");
    await ada.logout();
    await exits.until(1);
    await assert.rejects(ada.say("hall12", "ghost"), { code: 1000 });
    await bob.say({ user: "ada12" }, "too late");
    await ada.login("other12");
    await bob.say({ user: "other12" }, "hello other");
    await heard.until(1);
    assert.deepEqual(heard.bodies(), ["hello other"]);
    await assert.rejects(ada.login("third12"), { code: 1009 });
});

test("a rate that refuses says when, and nobody is there twice",
    async (t) => {
        const strict = await Server.start({
            more: "login_policy = replace",
            limits: "messages_per_second = 5\nburst = 3",
        });

        t.after(() => strict.stop());
        const first = await arrive(strict, "solo");
        const states = listenTo(first, "state", "kick");
        const second = await arrive(strict, "solo");

        await until(() => first.state === "closed", "the first is closed");
        assert.equal(states.at(-1)[1].code, 4009);
        assert.ok(states.some(([event]) => event === "kick"));
        const all = await Promise.allSettled(numbered("m", 30)
            .map((text) => second.say({ user: "x" }, text)));
        const refused = all.filter(({ status }) => status === "rejected")
            .map(({ reason }) => reason);

        assert.ok(refused.length > 0 && refused.length < 30);
        for (const error of refused) {
            assert.equal(error.code, 1012);
            assert.ok(error.retryMs > 0 && error.retryMs <= 1000);
        }
        await new Promise((resolve) =>
            setTimeout(resolve, Math.max(...refused.map((e) => e.retryMs))));
        await second.say({ user: "x" }, "in time");
        second.close();
    });
