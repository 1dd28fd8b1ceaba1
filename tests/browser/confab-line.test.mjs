/* The line of messages under any order of events: seeded, so that what fails
 * fails again. SEED=n plays one game alone. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Line } from "../../web/confab-line.js";

const GAMES = 1000;
const STEPS = 120;

/** Numbers that look random and are the same each time. */
function dice(seed) {
    let state = seed >>> 0;

    return (below) => {
        state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9;
        state ^= state >>> 13;
        return (state >>> 0) % below;
    };
}

/* A server with one stream, which a client follows through a bad connection. */
class Game {
    constructor(seed, isDense) {
        this.roll = dice(seed);
        this.isDense = isDense;
        this.stream = [];
        this.told = [];
        this.staleAt = [];
        this.asked = [];
        this.isConnected = true;
        this.line = new Line(isDense ? { room: "r" } : { inbox: true }, {
            history: (query) => this.ask(query),
            deliver: (entry) => this.told.push(entry),
            moved: (why) => assert.fail(`moved ${JSON.stringify(why)}`),
            stale: ({ offset }) => this.staleAt.push(offset),
            wait: async () => this.isConnected,
        }, { recoverLimit: 1e6, isDense });
        this.line.joined({ epoch: "e", offset: 0 });
    }

    /* Something new: mostly messages, some changes. Some expire at once. */
    append() {
        const offset = this.stream.length + 1;
        const isChange = offset > 1 && this.roll(5) === 0;
        const data = { id: `i${offset}`, offset };

        this.stream.push({
            data: isChange ? { ...data, of: `i${1 + this.roll(offset - 1)}`,
                ...this.roll(2) && { body: "new" } } : { ...data, body: 1 },
            isExpired: this.roll(12) === 0,
            /* Of an inbox this connection does not get everything. */
            isWanted: this.isDense || this.roll(3) > 0,
        });
        if (this.isConnected)
            this.push(this.stream.at(-1));
    }

    push({ data, isExpired, isWanted }) {
        if (isExpired || !isWanted)
            return;
        const cmd = data.of === undefined ? "msg"
            : data.body === undefined ? "delete" : "edit";

        this.line.pushed({ cmd, data });
        if (this.roll(6) === 0)
            this.line.pushed({ cmd, data });
    }

    /* A gap: the server drops something, the next shows it. */
    drop() {
        const was = this.isConnected;

        this.isConnected = false;
        this.append();
        this.isConnected = was;
    }

    ask(query) {
        return new Promise((resolve, reject) =>
            this.asked.push({ query, resolve, reject }));
    }

    answer({ query, resolve }) {
        const limit = 1 + this.roll(7);
        const span = this.stream.slice(query.after, query.after + limit);

        resolve({
            epoch: "e",
            first: span.length > 0 ? query.after + 1 : 0,
            last: span.length > 0 ? query.after + span.length : 0,
            more: query.after + limit < this.stream.length,
            messages: span.filter(({ data, isExpired }) =>
                !isExpired && data.of === undefined)
                .map(({ data }) => data),
        });
    }

    lose() {
        this.isConnected = false;
        for (const { reject } of this.asked.splice(0))
            reject(new Error("the connection broke"));
    }

    comeBack() {
        const { offset } = this.line.since;
        const recovered = this.roll(2) === 0;

        this.isConnected = true;
        this.line.joined({
            epoch: "e", offset: this.stream.length, recovered,
            messages: recovered ? this.stream.slice(offset)
                .filter(({ isExpired }) => !isExpired)
                .map(({ data }) => data) : [],
        });
    }

    async step() {
        const act = this.roll(10);

        if (act < 5)
            this.append();
        else if (act === 5 && this.isDense && this.isConnected)
            this.drop();
        else if (act < 8 && this.asked.length > 0)
            this.answer(this.asked.shift());
        else if (act === 8 && this.isConnected)
            this.lose();
        else if (!this.isConnected)
            this.comeBack();
        if (this.roll(2) === 0)
            await settle();
    }

    async finish() {
        if (this.isConnected)
            this.lose();
        await settle();
        this.comeBack();
        /* The last one shows what was dropped before it. */
        this.stream.push({ data: { id: "end", offset: this.stream.length + 1,
            body: 1 }, isWanted: true });
        this.push(this.stream.at(-1));
        for (await settle(); this.asked.length > 0; await settle())
            this.answer(this.asked.shift());
    }

    check() {
        const offsets = this.told.map(({ data }) => data.offset);

        assert.deepEqual(offsets,
            [...new Set(offsets)].sort((a, b) => a - b), "in order, once");
        for (const { data, isExpired, isWanted } of this.stream) {
            if (isExpired || !isWanted || offsets.includes(data.offset))
                continue;
            assert.ok(data.of !== undefined, `${data.offset} is missing`);
            assert.ok(this.staleAt.some((at) => at >= data.offset),
                `the change ${data.offset} is missing, and nobody says so`);
        }
        for (const { cmd, data } of this.told)
            assert.equal(cmd !== "msg", data.of !== undefined);
        assert.equal(this.line.held.size, 0);
        assert.equal(this.line.last, this.stream.length);
    }
}

/* Lets promises do what they can. */
const settle = () => new Promise(setImmediate);

async function play(seed, isDense) {
    const game = new Game(seed, isDense);

    for (let step = 0; step < STEPS; step++)
        await game.step();
    await game.finish();
    try {
        game.check();
    } catch (error) {
        error.message = `SEED=${seed}: ${error.message}`;
        throw error;
    }
}

for (const [name, isDense] of [["a room", true], ["an inbox", false]]) {
    test(`the line of ${name} is whole and in order after anything`,
        async () => {
            const { SEED } = process.env;

            for (let seed = 1; seed <= (SEED ? 1 : GAMES); seed++)
                await play(SEED ? Number(SEED) : seed, isDense);
        });
}

/** A line that has seen these messages of a room, and what it tells. */
function lineOf(isDense) {
    const told = [];
    const moved = [];
    const line = new Line(isDense ? { room: "r" } : { inbox: true }, {
        history: () => assert.fail("asked for history"),
        deliver: ({ data }) => told.push(data.id),
        moved: (why) => moved.push(why),
        stale: () => assert.fail("stale"),
        wait: async () => false,
    }, { recoverLimit: 100, isDense });

    line.joined({ epoch: "e", offset: 0, id: "a0" });
    return { line, told, moved };
}

const message = (id, offset) => ({ id, offset, body: 1 });

test("another host goes on: nothing twice, nothing missing", async () => {
    for (const isDense of [true, false]) {
        const { line, told, moved } = lineOf(isDense);

        line.pushed({ cmd: "msg", data: message("a1", 1) });
        line.pushed({ cmd: "msg", data: message("a3", 2) });
        line.said({ id: "a4", offset: 3 });
        assert.deepEqual(line.since.epoch, "e");
        assert.deepEqual(line.since.id, "a3");
        await line.joined({
            epoch: "f", offset: 14, id: "a7", recovered: true, overlap: true,
            messages: [message("a1", 10), message("a2", 11),
                message("a3", 12), message("a4", 13), message("a5", 14)],
        });
        assert.deepEqual(told, ["a1", "a3", "a2", "a5"]);
        assert.deepEqual(line.since, { epoch: "f", offset: 14, id: "a7" });
        line.pushed({ cmd: "msg", data: { ...message("a6", 15), epoch: "f" } });
        assert.deepEqual(told.at(-1), "a6");
        assert.deepEqual(line.since.id, "a7");
        assert.deepEqual(moved, []);
    }
});

test("another host that cannot tell all says so", async () => {
    const { line, told, moved } = lineOf(true);

    line.pushed({ cmd: "msg", data: message("a1", 1) });
    await line.joined({
        epoch: "f", offset: 14, id: "a7", recovered: false, messages: [],
    });
    assert.deepEqual(told, ["a1"]);
    assert.equal(moved.length, 1);
    assert.deepEqual(line.since, { epoch: "f", offset: 14, id: "a7" });
});

test("an overlap that brings nothing leaves the line where it is", async () => {
    const { line, told } = lineOf(true);

    line.pushed({ cmd: "msg", data: message("a1", 1) });
    await line.joined({
        epoch: "f", offset: 9, id: "a5", recovered: true, overlap: true,
        messages: [],
    });
    line.pushed({ cmd: "msg", data: { ...message("a6", 10), epoch: "f" } });
    assert.deepEqual(told, ["a1", "a6"]);
});
