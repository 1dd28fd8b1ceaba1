/* Narrow and wide, dark and light, two languages, and without a mouse. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    enter, enterQuietly, everybodyGoes, isOnline, lastIs, messages,
    openBrowser, openPage, sayAll, screenshot, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

const narrow = {
    viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true,
};
let server;
let browser;

before(async () => {
    server = await Server.start();
    browser = await openBrowser();
    await fillTheOffice();
});

after(() => everybodyGoes(browser, server));

/* Something to look at. */
async function fillTheOffice() {
    const people = {};

    for (const name of ["Grace Hopper", "Linus", "小明"]) {
        people[name] = await enterQuietly(server, name, "office");
        for (const room of ["design", "releases", "support"])
            await people[name].join(room);
    }
    const talk = [
        ["Grace Hopper", "Morning! Did the nightly build go through?"],
        ["Linus", "It did, 14 minutes this time."],
        ["Linus", "The notes are at https://example.org/notes?v=2 and they"
            + " could use a second pair of eyes before noon."],
        ["小明", "我看完了，写得很清楚 👍"],
        ["Grace Hopper", "Then this is the plan:\n1. merge the fix\n2. tag\n"
            + "3. tell everyone"],
        ["Grace Hopper", "One small thing: the second paragraph says"
            + " “Tuesday”, and it should be Wednesday."],
        ["Linus", "Fixed."],
    ];

    for (const [name, text] of talk)
        await sayAll(people[name], "office", [text]);
}

test("the office looks as it should, in light and in dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
        const page = await enter(browser, server, "Ada Lovelace", "office",
            { colorScheme });

        await lastIs(page, "Fixed.");
        await page.fill("#composer-text", "Thank you all 🎉");
        await page.press("#composer-text", "Enter");
        await lastIs(page, "Thank you all 🎉");
        await page.locator("#other-rooms .room").first().waitFor();
        const [paper, text] = await page.evaluate(() => {
            const style = getComputedStyle(document.body);

            return [style.backgroundColor, style.color].map((color) =>
                Number(color.match(/\d+/)[0]));
        });

        assert.equal(paper > text, colorScheme === "light");
        await screenshot(page, `office-${colorScheme}`);
        assert.deepEqual(page.problems, []);
        await sayAll(await enterQuietly(server, "Linus", "office"), "office",
            ["Fixed."]);
        await page.context().close();
    }
});

test("Chinese browsers get Chinese words", async () => {
    const page = await openPage(browser, server, { locale: "zh-CN" });

    await page.goto(`${server.page}#office`);
    await page.waitForSelector("#welcome[open]");
    await textIs(page, "#welcome-go", "开始聊天");
    await screenshot(page, "welcome-zh");
    await page.fill("#welcome-name", "小红");
    await page.press("#welcome-name", "Enter");
    await isOnline(page);
    await textIs(page, "#connection-corner", "已连接");
    assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
    await page.waitForSelector(".day");
    await textIs(page, ".day", "今天");
    await textIs(page, "#room-people", "4 人在线");
    await screenshot(page, "office-zh");
    await page.context().close();
});

test("on a narrow screen rooms and members slide in", async () => {
    const page = await enter(browser, server, "Ada", "office", narrow);
    const isVisible = (selector) => page.locator(selector).isVisible();

    await lastIs(page, "Fixed.");
    assert.equal(await isVisible("#rooms"), false);
    assert.equal(await isVisible("#members"), false);
    assert.equal(await page.evaluate(() =>
        document.documentElement.scrollWidth <= innerWidth), true);
    await screenshot(page, "narrow");

    await page.click("#rooms-button");
    await page.waitForSelector("#rooms", { state: "visible" });
    assert.equal(await page.evaluate(() =>
        document.getElementById("main").inert), true);
    await screenshot(page, "narrow-rooms");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#rooms", { state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement.id),
        "rooms-button");

    await page.click("#rooms-button");
    await page.locator("#other-rooms .room").first().click();
    await page.waitForSelector("#rooms", { state: "hidden" });
    assert.notEqual(await page.textContent("#room-title"), "office");

    await page.click("#members-button");
    await page.waitForSelector("#members", { state: "visible" });
    await page.locator(".member").nth(2).waitFor();
    await screenshot(page, "narrow-members");
    await page.mouse.click(20, 400);
    await page.waitForSelector("#members", { state: "hidden" });

    const linus = await enterQuietly(server, "Linus", "office");

    await linus.say("office", "Fixed.");
    await textIs(page, "#elsewhere", "1");
    linus.close();
    await page.context().close();
});

test("a narrow screen in the dark", async () => {
    const page = await enter(browser, server, "Ada", "office",
        { ...narrow, colorScheme: "dark" });

    await lastIs(page, "Fixed.");
    await screenshot(page, "narrow-dark");
    await page.context().close();
});

test("everything can be done with the keyboard alone", async () => {
    const page = await openPage(browser, server);
    const { keyboard } = page;
    const focused = () => page.evaluate(() => {
        const one = document.activeElement;

        return one.getAttribute("aria-label") ?? one.textContent;
    });
    /* Tab until the focus is on what is sought, and is visible there. */
    const tabTo = async (sought, key = "Tab") => {
        for (let i = 0; i < 40 && !sought.test(await focused()); i++)
            await keyboard.press(key);
        assert.match(await focused(), sought);
        assert.equal(await page.evaluate(() =>
            document.activeElement.matches(":focus-visible")), true);
    };

    await page.goto(`${server.page}#keys`);
    await page.waitForSelector("#welcome[open]");
    await keyboard.type("Ada");
    await keyboard.press("Enter");
    await isOnline(page);
    await page.waitForFunction(() =>
        document.activeElement.id === "composer-text");
    await keyboard.type("first line");
    await keyboard.press("Shift+Enter");
    await keyboard.type("second line");
    await keyboard.press("Enter");
    await lastIs(page, "first line\nsecond line");

    await tabTo(/^Find a room/, "Shift+Tab");
    await keyboard.type("workshop");
    await keyboard.press("Enter");
    await textIs(page, "#room-title", "workshop");
    await keyboard.type("typed at once");
    await keyboard.press("Enter");
    await lastIs(page, "typed at once");

    await keyboard.press("Alt+ArrowUp");
    await textIs(page, "#room-title", "keys");
    await keyboard.press("Alt+ArrowDown");
    await textIs(page, "#room-title", "workshop");
    assert.deepEqual(await messages(page), ["typed at once"]);

    await tabTo(/^Members/, "Shift+Tab");
    await keyboard.press("Enter");
    await page.waitForSelector("#members", { state: "hidden" });
    await screenshot(page, "keyboard");
    await keyboard.press("Escape");
    await page.waitForFunction(() =>
        document.activeElement.id === "composer-text");
    await tabTo(/^Leave #keys/, "Shift+Tab");
    await keyboard.press("Enter");
    await page.waitForFunction(() =>
        document.querySelectorAll("#own-rooms li").length === 1);
    await page.context().close();
});

test("the page tells its parts to screen readers", async () => {
    const page = await enter(browser, server, "Ada", "office");

    for (const [role, name] of [["navigation", "Rooms"], ["main", ""],
        ["log", "Messages in #office"], ["complementary", "Members"],
        ["textbox", "Message #office"], ["list", "Your rooms"],
        ["button", "Send"], ["heading", "office"]])
        await page.getByRole(role, { name }).first().waitFor();
    /* Nothing that can be pressed is without a name. */
    const nameless = await page.$$eval("button, input, textarea", (all) =>
        all.filter((one) => one.checkVisibility()
            && !one.getAttribute("aria-label") && !one.labels?.length
            && one.textContent.trim() === "").map((one) => one.outerHTML));

    assert.deepEqual(nameless, []);
    await page.context().close();
});
