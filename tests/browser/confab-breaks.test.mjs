/* confab.js breaks off again and again while others talk: nothing is missed and
 * nothing comes twice, in a room and in the inbox, edits and deletions too. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import WebSocket from "ws";

import { arrive, everybodyGoes } from "./people.mjs";
import { Server, until } from "./server.mjs";

const BREAKS = 300;
const ROOM = "breaks";
let server;

before(async () => {
    server = await Server.start();
});

after(() => everybodyGoes(undefined, server));

/**
 * Everything a room or inbox told, in its order, and what the messages say
 * after all: what was missed comes as it is now, with the changes behind it.
 */
function follow(confab, isMine) {
    const followed = { told: [], says: {}, isWhole: false };

    for (const event of ["msg", "edit", "delete"]) {
        confab.on(event, (data) => {
            const { id, of = id, offset, body = null } = data;

            if (!isMine(data))
                return;
            followed.told.push(`${event} ${offset} ${of}`);
            followed.says[of] = body;
            followed.isWhole ||= body === "the end";
        });
    }
    return followed;
}

/* Talks until told to stop; every few words something is taken back. */
async function talk(confab, where, until) {
    const said = [];

    while (!until.isOver) {
        const { id } = await confab.say(where, `word ${said.length}`);

        said.push(id);
        if (said.length % 5 === 0)
            await confab.edit(where, id, "edited");
        if (said.length % 7 === 0)
            await confab.remove(where, id);
    }
    await confab.say(where, "the end");
}

test("a client that breaks off again and again misses nothing", async (t) => {
    const sockets = new Set();

    class Fragile extends WebSocket {
        constructor(...args) {
            super(...args);
            sockets.clear();
            sockets.add(this);
        }
    }
    const shaky = await arrive(server, "shaky",
        { WebSocket: Fragile, backoffMs: 1, backoffMaxMs: 5 });
    const steady = await arrive(server, "steady");
    const room = await arrive(server, "talker");
    const direct = await arrive(server, "writer");
    const progress = { isOver: false };
    const isOfRoom = ({ room: name }) => name === ROOM;
    const lost = [];

    t.after(() => [shaky, steady, room, direct].forEach((one) =>
        one.close()));
    for (const event of ["moved", "stale", "left"])
        shaky.on(event, (what) => lost.push([event, what]));
    for (const one of [shaky, steady, room])
        await one.join(ROOM);
    const inRoom = follow(shaky, isOfRoom);
    const wanted = follow(steady, isOfRoom);
    const inInbox = follow(shaky, ({ from }) => from === "writer");
    const talking = Promise.all([talk(room, ROOM, progress),
        talk(direct, { user: "shaky" }, progress)]);

    for (let i = 0; i < BREAKS; i++) {
        /* In the middle of everything: also while it is coming back. */
        await new Promise(setImmediate);
        if (i % 3 > 0)
            await until(() => shaky.state === "online", "online again");
        for (const socket of sockets)
            socket.terminate();
    }
    progress.isOver = true;
    await talking;

    await until(() => [inRoom, wanted, inInbox].every(({ isWhole }) =>
        isWhole), "the end");
    assert.deepEqual(lost, []);
    assert.ok(wanted.told.length > 100, `only ${wanted.told.length} things`);
    assert.deepEqual(inRoom, wanted);
    assert.deepEqual(inInbox.told.map((line) => Number(line.split(" ")[1])),
        inInbox.told.map((_, i) => i + 1));
    const { messages } = await shaky.history({ inbox: true }, { limit: 500 });

    for (const { id, body } of messages)
        assert.deepEqual(inInbox.says[id], body);
});
