/*
 * The pages of the profile groupchat: /home/index for two people, /home/room
 * for a group. Who one is stands in the address, as uid, to_uid and groups_id;
 * all else goes over the WebSocket, as any client of that protocol does it.
 * What others wrote is text, never markup.
 */
import {
    addEvent, addMessage, ask, byId, fill, isConnected, LINES_MAX, make,
    parameters, Retry, showNames, showState, showWords, wordsOf,
} from "./page.js";

const HEARTBEAT_MS = 30000;
const GREETING = "enter";

const languages = {
    en: {
        lang: "en", two: "Talk with {name}", group: "Group {name}",
        log: "Messages", members: "Members", hint: "Write a message",
        send: "Send", connecting: "connecting…", connected: "connected",
        broken: "no connection, trying again…", refused: "login refused: {why}",
        left: "{name} has left", failed: "not sent", you: "you",
        codes: { 1001: "no group can be called so",
            1002: "nobody can be called so", 1003: "not permitted",
            1004: "please try again later", 1009: "too many" },
    },
    zh: {
        lang: "zh", two: "与 {name} 聊天", group: "群组 {name}",
        log: "消息", members: "成员", hint: "说点什么",
        send: "发送", connecting: "正在连接…", connected: "已连接",
        broken: "连接已断开，正在重试…", refused: "登录被拒绝：{why}",
        left: "{name} 离开了", failed: "发送失败", you: "我",
        codes: {}, /* the server's own words are Chinese */
    },
};

const words = wordsOf(languages);
const retry = new Retry();
const isRoom = document.body.dataset.page === "room";
const uid = parameters.get("uid") || "1";
const toUid = isRoom ? "" : parameters.get("to_uid") || "2";
const groupsId = parameters.get("groups_id") || (isRoom ? "1" : "0");
const waiting = new Map(); /* seq of what we said: its line, or null */
const shown = new Set(); /* messages that may come again after a break */
let socket;
let heartbeat;
let lastSeq = 0;

function show(from, text) {
    const isOwn = from === uid;

    return addMessage(isOwn ? words.you : from, text, isOwn);
}

function showFailure(line, text) {
    const failed = line || show(uid, text);

    failed.classList.add("failed");
    failed.append(make("span", "note", words.failed));
}

async function readMembers() {
    if (!isRoom)
        return;
    try {
        const answer = await ask(
            `/user/list?groupsId=${encodeURIComponent(groupsId)}`);
        const { data } = await answer.json();

        showNames(data.userList.map(({ ID }) => String(ID)), uid);
    } catch {
        /* Messages come anyway. */
    }
}

function send(action, data) {
    const seq = `${Date.now()}${String(++lastSeq).padStart(4, "0")}`;

    socket.send(JSON.stringify({ seq, action, data }));
    return seq;
}

/** Until the login is answered, what was shown before a break comes again. */
function isRepeat({ from, msgId, msgTimestamp, content }) {
    const key = JSON.stringify([from, msgId, msgTimestamp, content]);
    const isKnown = shown.has(key);

    shown.delete(key);
    shown.add(key);
    if (shown.size > LINES_MAX)
        shown.delete(shown.values().next().value);
    return isKnown && !isConnected();
}

function onPush(data) {
    if (data.action === "sendmsg") {
        if (isRepeat(data))
            return;
        show(data.from, data.content);
        readMembers();
    } else if (data.action === "exit") {
        addEvent(fill(words.left, { name: data.from }));
        readMembers();
    } else if (data.action === GREETING) {
        send("login", { appId: 1, userId: uid, toUid, groupsId });
    }
}

function onReply({ seq, action, response }) {
    if (action === "login" && response.code === 200) {
        retry.succeeded();
        showState("connected", words.connected);
        heartbeat = setInterval(() => send("heartbeat", {}), HEARTBEAT_MS);
        readMembers();
    } else if (action === "login") {
        showState("refused", fill(words.refused,
            { why: words.codes[response.code] ?? response.msg }));
    } else if (action === "sendmsg") {
        if (response.code !== 200)
            showFailure(waiting.get(seq).line, waiting.get(seq).text);
        waiting.delete(seq);
    }
}

function onMessage({ data }) {
    let frame;

    try {
        frame = JSON.parse(data);
    } catch {
        return;
    }
    if (frame.response)
        onReply(frame);
    else if (frame.code === 200)
        onPush(frame.data);
}

function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = new URLSearchParams(isRoom
        ? { uid, groups_id: groupsId, appname: 1 }
        : { uid, to_uid: toUid, appname: 1 });

    showState("connecting", words.connecting);
    socket = new WebSocket(`${scheme}://${location.host}/ws?${query}`);
    socket.onmessage = onMessage;
    socket.onclose = () => {
        clearInterval(heartbeat);
        for (const { line, text } of waiting.values())
            showFailure(line, text);
        waiting.clear();
        showState("broken", words.broken);
        setTimeout(connect, retry.nextMs());
    };
}

/* Between two the own words do not come back; in a group they do. */
function onSubmit(event) {
    const input = byId("message");
    const text = input.value;
    const isBetweenTwo = groupsId === "0";

    event.preventDefault();
    if (text.trim() === "" || !isConnected())
        return;
    input.value = "";
    const seq = send("sendmsg", { appId: 1, userId: uid, toUid, groupsId,
        msgType: "text", message: text });
    const isEcho = isBetweenTwo && toUid === uid;
    const line = isBetweenTwo && !isEcho ? show(uid, text) : null;

    waiting.set(seq, { line, text });
}

showWords(words, groupsId === "0" ? fill(words.two, { name: toUid })
    : fill(words.group, { name: groupsId }), uid);
byId("composer").addEventListener("submit", onSubmit);
connect();
