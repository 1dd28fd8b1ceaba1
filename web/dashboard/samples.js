/*
 * What was measured in the last minutes: a sample for each answer of /v1/stats.
 * Rates are between two answers, latencies of those who came since a few
 * seconds. Knows no page.
 */
const KEPT_MS = 330000;
const LATENCY_MS = 10000;

const RATES = {
    messages: "messages", delivered: "delivered", requests: "requests",
    bytesIn: "bytes_in", bytesOut: "bytes_out", connects: "handshakes",
    closes: "closed", refused: "requests_refused",
};

/**
 * The time that so many of a thousand took at most, in ms; null when there are
 * none.
 * @param {number[]} buckets
 * @param {number[]} bounds of all but the last bucket
 */
export function quantile(buckets, bounds, perThousand) {
    const count = buckets.reduce((sum, one) => sum + one, 0);
    const wanted = count * perThousand / 1000;
    let below = 0;

    if (count === 0)
        return null;
    for (let i = 0; i < bounds.length; i++) {
        const from = i > 0 ? bounds[i - 1] : 0;

        if (buckets[i] > 0 && below + buckets[i] >= wanted) {
            return from + (bounds[i] - from) * (wanted - below) / buckets[i];
        }
        below += buckets[i];
    }
    return bounds[bounds.length - 1];
}

function difference(now, before) {
    return now.map((count, i) => Math.max(0, count - (before[i] ?? 0)));
}

export class Samples {
    constructor() {
        this.all = [];
    }

    get last() {
        return this.all[this.all.length - 1] ?? null;
    }

    /**
     * @param {number} at when it came, on the clock of this page, ms
     * @param {object} stats the answer
     */
    add(at, stats) {
        const before = this.last?.stats;
        const isSame = before && before.pid === stats.pid
            && before.uptime <= stats.uptime;

        if (before && !isSame)
            this.all = [];
        const sample = {
            at, stats,
            connections: stats.connections, sessions: stats.sessions,
            users: stats.users, rooms: stats.rooms,
        };

        for (const [name, counter] of Object.entries(RATES)) {
            sample[name] = isSame
                ? this.rate(before, stats, (one) => one.counters[counter])
                : null;
        }
        Object.assign(sample, this.latency(at, stats));
        this.all.push(sample);
        while (this.all[0].at < at - KEPT_MS)
            this.all.shift();
        return sample;
    }

    /** Per second. */
    rate(before, now, value) {
        const seconds = (now.time - before.time) / 1000;

        return seconds > 0
            ? Math.max(0, value(now) - value(before)) / seconds : null;
    }

    latency(at, stats) {
        const since = this.all.find((one) => one.at >= at - LATENCY_MS);
        const now = stats.latency.delivery.buckets;
        const buckets = since
            ? difference(now, since.stats.latency.delivery.buckets) : now;
        const of = (perThousand) =>
            quantile(buckets, stats.bounds_ms, perThousand);

        return { p50: of(500), p95: of(950), p99: of(990) };
    }

    /** Of a process, by its slot: what it did per second since the last. */
    ofWorker(slot, counter) {
        const two = this.all.slice(-2).map((one) => one.stats);
        const find = (stats) =>
            stats.workers.find((worker) => worker.slot === slot);

        if (two.length < 2 || !find(two[0]) || !find(two[1]))
            return null;
        return this.rate(two[0], two[1], (stats) => find(stats)[counter]);
    }
}
