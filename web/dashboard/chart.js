/*
 * A chart of the last minutes on a canvas, as far as there are any. Time runs
 * evenly from right to left and the newest value comes in from behind the right
 * edge, so that the picture glides however unevenly answers come. Knows no page
 * beside its canvas.
 */
const SPAN_MS = 300000;
const SPAN_MIN_MS = 60000;
const DELAY_MS = 1500;

/* What may stand between two times, in seconds. */
const TICKS = [15, 30, 60];
const TICKS_MAX = 5;

/* Pixels around the plot. */
const LEFT = 54;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 20;

/* How much of the way to its height a scale goes in a second. */
const GROWTH = 6;

/** 1, 2 or 5 times a power of ten, not below value. */
export function niceStep(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    const digit = value / power;

    return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
}

export class Chart {
    /**
     * @param {HTMLCanvasElement} canvas
     * @param {{key: string, color: string}[]} lines color: a custom property
     * @param {(value: number) => string} format of the scale
     * @param {{least?: number}} [options] least: the scale goes up to this at
     *        least
     */
    constructor(canvas, lines, format, { least = 1 } = {}) {
        this.canvas = canvas;
        this.context = canvas.getContext("2d");
        this.lines = lines;
        this.format = format;
        this.least = least;
        this.top = least;
        this.drawnAt = 0;
        this.pointer = null;
        canvas.addEventListener("pointermove", (event) => {
            this.pointer = event.offsetX;
        });
        canvas.addEventListener("pointerleave", () => {
            this.pointer = null;
        });
        this.recolor();
    }

    /** Light became dark, or the other way. */
    recolor() {
        const style = getComputedStyle(this.canvas);
        const color = (name) => style.getPropertyValue(name).trim();

        this.colors = this.lines.map((line) => color(line.color));
        this.soft = color("--soft");
        this.grid = color("--line");
        this.font = `11px ${style.fontFamily}`;
    }

    resize() {
        const scale = window.devicePixelRatio || 1;
        const { clientWidth, clientHeight } = this.canvas;
        const width = Math.round(clientWidth * scale);
        const height = Math.round(clientHeight * scale);

        if (this.canvas.width !== width || this.canvas.height !== height) {
            this.canvas.width = width;
            this.canvas.height = height;
        }
        this.context.setTransform(scale, 0, 0, scale, 0, 0);
        this.width = clientWidth;
        this.height = clientHeight;
    }

    /**
     * @param {object[]} samples with `at` and a member for each line
     * @param {number} now on the clock of `at`
     * @param {boolean} glides the scale takes its time
     */
    draw(samples, now, glides) {
        const end = now - DELAY_MS;
        const age = samples.length > 0 ? end - samples[0].at : 0;
        const span = Math.min(SPAN_MS, Math.max(SPAN_MIN_MS, age));
        const seen = samples.filter((one, i) => one.at >= end - span
            || samples[i + 1]?.at >= end - span);

        this.end = end;
        this.span = span;
        this.resize();
        if (this.width === 0)
            return;
        this.scale(seen, now, glides);
        this.context.clearRect(0, 0, this.width, this.height);
        this.drawGrid();
        this.context.save();
        this.context.beginPath();
        this.context.rect(LEFT, 0, this.width - LEFT - RIGHT, this.height);
        this.context.clip();
        for (let i = this.lines.length - 1; i >= 0; i--)
            this.drawLine(seen, this.lines[i].key, this.colors[i], i === 0);
        this.drawPointer();
        this.context.restore();
    }

    scale(seen, now, glides) {
        let most = this.least;

        for (const sample of seen) {
            for (const line of this.lines)
                most = Math.max(most, sample[line.key] ?? 0);
        }
        const step = niceStep(most / 3);
        const wanted = Math.ceil(most / step) * step;
        const seconds = (now - this.drawnAt) / 1000;

        this.drawnAt = now;
        this.step = step;
        this.top += glides
            ? (wanted - this.top) * Math.min(1, seconds * GROWTH)
            : wanted - this.top;
    }

    x(at) {
        const width = this.width - LEFT - RIGHT;

        return this.width - RIGHT - (this.end - at) / this.span * width;
    }

    y(value) {
        const height = this.height - TOP - BOTTOM;

        return this.height - BOTTOM - value / this.top * height;
    }

    drawGrid() {
        const { context } = this;

        context.font = this.font;
        context.fillStyle = this.soft;
        context.strokeStyle = this.grid;
        context.lineWidth = 1;
        context.textAlign = "end";
        context.textBaseline = "middle";
        for (let value = 0; value <= this.top * 1.001; value += this.step) {
            const y = Math.round(this.y(value)) + 0.5;

            this.stroke(LEFT, y, this.width - RIGHT, y);
            context.fillText(this.format(value), LEFT - 8, y);
        }
        this.drawTimes();
    }

    drawTimes() {
        const seconds = this.span / 1000;
        const step = TICKS.find((one) => seconds / one <= TICKS_MAX)
            ?? TICKS[TICKS.length - 1];

        this.context.textAlign = "center";
        for (let ago = step; ago <= seconds; ago += step) {
            const x = this.x(this.end - ago * 1000);
            const word = ago % 60 === 0 ? `${ago / 60}′` : `${ago}″`;

            if (x >= LEFT + 8) {
                this.context.fillText(`−${word}`, x,
                    this.height - BOTTOM / 2 + 2);
            }
        }
    }

    stroke(fromX, fromY, toX, toY) {
        this.context.beginPath();
        this.context.moveTo(fromX, fromY);
        this.context.lineTo(toX, toY);
        this.context.stroke();
    }

    /** Runs of values that follow each other, without those that are null. */
    runs(seen, key) {
        const runs = [];
        let run = null;

        for (const sample of seen) {
            const value = sample[key];

            if (value === null || value === undefined) {
                run = null;
                continue;
            }
            if (!run)
                runs.push(run = []);
            run.push([this.x(sample.at), this.y(value)]);
        }
        return runs;
    }

    drawLine(seen, key, color, isFilled) {
        const { context } = this;

        context.strokeStyle = context.fillStyle = color;
        context.lineWidth = 1.8;
        context.lineJoin = "round";
        for (const run of this.runs(seen, key)) {
            context.beginPath();
            for (const [x, y] of run)
                context.lineTo(x, y);
            if (run.length === 1)
                context.arc(run[0][0], run[0][1], 1, 0, 7);
            context.stroke();
            if (!isFilled || run.length < 2)
                continue;
            context.lineTo(run[run.length - 1][0], this.y(0));
            context.lineTo(run[0][0], this.y(0));
            context.globalAlpha = 0.1;
            context.fill();
            context.globalAlpha = 1;
        }
    }

    drawPointer() {
        if (this.pointer === null || this.pointer < LEFT)
            return;
        this.context.strokeStyle = this.soft;
        this.context.lineWidth = 1;
        this.stroke(this.pointer, TOP, this.pointer,
            this.height - BOTTOM);
    }

    /** The sample under the pointer, or null. */
    pointed(samples) {
        if (this.pointer === null || this.pointer < LEFT || !this.width)
            return null;
        const at = this.end - (this.width - RIGHT - this.pointer)
            / (this.width - LEFT - RIGHT) * this.span;
        let nearest = null;

        for (const sample of samples) {
            if (!nearest
                || Math.abs(sample.at - at) < Math.abs(nearest.at - at))
                nearest = sample;
        }
        return nearest;
    }
}
