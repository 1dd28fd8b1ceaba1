/*
 * Making elements. There is no way to put markup in: strings become text nodes.
 */

/**
 * @param {string} tag
 * @param {object} [attributes] class, aria-…; on… functions become listeners;
 *        null, undefined and false are left out, true is an empty attribute
 * @param {...(Node | string | null)} children
 */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);

    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false)
            continue;
        if (typeof value === "function")
            element.addEventListener(name.slice(2), value);
        else
            element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
}

/** An element of index.html; it must be there. */
export function byId(id) {
    const element = document.getElementById(id);

    if (!element)
        throw new Error(`index.html has no #${id}`);
    return element;
}

/** Calls act at most once a frame, however often the result is called. */
export function oncePerFrame(act) {
    let waiting = false;

    return () => {
        if (waiting)
            return;
        waiting = true;
        requestAnimationFrame(() => {
            waiting = false;
            act();
        });
    };
}

/** A list whose buttons keep focus when it is drawn again: nodes by key. */
export class KeyedList {
    /** @param {Element} parent */
    constructor(parent) {
        this.parent = parent;
        this.rows = new Map();
    }

    /**
     * @param {{key: string, sign: string, draw: () => Element}[]} wanted sign
     *        changes when the element must be drawn anew
     */
    show(wanted) {
        const keys = new Set(wanted.map((row) => row.key));

        for (const [key, row] of this.rows) {
            if (!keys.has(key)) {
                row.node.remove();
                this.rows.delete(key);
            }
        }
        let at = this.parent.firstElementChild;

        for (const { key, sign, draw } of wanted) {
            let row = this.rows.get(key);

            if (row && row.sign !== sign) {
                const node = draw();

                if (at === row.node)
                    at = node;
                this.replace(row.node, node);
                row.node = node;
                row.sign = sign;
            } else if (!row) {
                row = { node: draw(), sign };
                this.rows.set(key, row);
            }
            if (row.node === at)
                at = at.nextElementSibling;
            else
                this.parent.insertBefore(row.node, at);
        }
    }

    replace(old, node) {
        const focused = old.contains(document.activeElement)
            ? document.activeElement.dataset.act : undefined;

        old.replaceWith(node);
        if (focused !== undefined)
            node.querySelector(`[data-act="${focused}"]`)?.focus();
    }

    node(key) {
        return this.rows.get(key)?.node;
    }

    clear() {
        this.parent.replaceChildren();
        this.rows.clear();
    }
}
