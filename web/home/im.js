/*
 * The page of the profile im: one room for each application. It listens at the
 * WebSocket, and speaks and asks who is there by HTTP, as any client of that
 * protocol does. What others wrote is text, never markup.
 */
import {
    addEvent, addMessage, ask, byId, fill, isConnected, make, parameters, Retry,
    showNames, showState, showWords, wordsOf,
} from "./page.js";

const HEARTBEAT_MS = 30000;
const LIST_MS = 500;

const NAMES = ["孔子", "李白", "杜甫", "苏轼", "王维", "李清照", "陶渊明",
    "白居易", "辛弃疾", "屈原", "Ada", "Alan", "Grace", "Edsger", "Barbara"];

const languages = {
    en: {
        lang: "en", title: "Chat of application {app}", apps: "Applications",
        log: "Messages", online: "Online", hint: "Write a message",
        send: "Send", connecting: "connecting…", connected: "connected",
        broken: "no connection, trying again…", refused: "login refused: {why}",
        entered: "{name} is here", left: "{name} has left",
        failed: "not sent", you: "you",
    },
    zh: {
        lang: "zh", title: "应用 {app} 的聊天室", apps: "应用",
        log: "消息", online: "在线", hint: "说点什么",
        send: "发送", connecting: "正在连接…", connected: "已连接",
        broken: "连接已断开，正在重试…", refused: "登录被拒绝：{why}",
        entered: "{name} 来了", left: "{name} 离开了",
        failed: "未发送", you: "我",
    },
};

const words = wordsOf(languages);
const retry = new Retry();
const users = new Set();
let place = { port: 8089, path: "/acc", tls: false, apps: [101] };
let app = 101;
let name = parameters.get("name") || "";
let heartbeat;

function showUsers() {
    showNames([...users].sort(), name);
}

async function readUsers() {
    try {
        const answer = await ask(`/user/list?appID=${app}`);
        const { data } = await answer.json();

        users.clear();
        for (const user of data.userList)
            users.add(user);
        showUsers();
    } catch {
        /* Who comes and goes is told anyway. */
    }
}

function socketUrl() {
    const host = place.port ? `${location.hostname}:${place.port}`
        : location.host;
    const isSecure = place.port ? place.tls : location.protocol === "https:";

    return `${isSecure ? "wss" : "ws"}://${host}${place.path}`;
}

function onPush(cmd, data) {
    if (cmd === "msg") {
        addMessage(data.from, data.msg, false);
    } else if (cmd === "enter") {
        users.add(data.from);
        addEvent(fill(words.entered, { name: data.from }));
    } else if (cmd === "exit") {
        users.delete(data.from);
        addEvent(fill(words.left, { name: data.from }));
    }
    showUsers();
}

function onLogin(response) {
    const isIn = response.code === 200;

    byId("composer").querySelector("button").disabled = !isIn;
    if (!isIn) {
        showState("broken", fill(words.refused, { why: response.codeMsg }));
        return;
    }
    retry.succeeded();
    showState("connected", words.connected);
    setTimeout(readUsers, LIST_MS);
}

function connect() {
    const socket = new WebSocket(socketUrl());
    let count = 0;
    const ask = (cmd, data) => socket.send(JSON.stringify({
        seq: `${Date.now()}-${count++}`, cmd, data }));

    showState("connecting", words.connecting);
    socket.onopen = () => {
        ask("login", { userID: name, appID: app });
        heartbeat = setInterval(
            () => ask("heartbeat", { userID: name }), HEARTBEAT_MS);
    };
    socket.onmessage = ({ data }) => {
        const { cmd, response } = JSON.parse(data);

        if (cmd === "login")
            onLogin(response);
        else if (response.data)
            onPush(cmd, response.data);
    };
    socket.onclose = () => {
        clearInterval(heartbeat);
        byId("composer").querySelector("button").disabled = true;
        showState("broken", words.broken);
        setTimeout(connect, retry.nextMs());
    };
}

async function send(text) {
    const line = addMessage(words.you, text, true);
    const digits = String(Math.floor(Math.random() * 1e6)).padStart(6, "0");

    try {
        const answer = await ask("/user/sendMessageAll", {
            method: "POST",
            body: new URLSearchParams({ appID: app, userID: name,
                msgID: `${Date.now()}-${digits}`, message: text }),
        });
        const { data } = await answer.json();

        if (!data.sendResults)
            throw new Error(data.sendResultsErr);
    } catch {
        line.classList.add("failed");
        line.firstChild.textContent = words.failed;
    }
}

function showPage() {
    showWords(words, fill(words.title, { app }), name);
    for (const number of place.apps) {
        const link = make("a", "", number);

        link.href = `/home/index?appID=${number}${location.hash}`;
        if (number === app)
            link.setAttribute("aria-current", "page");
        byId("apps").append(link);
    }
}

byId("composer").addEventListener("submit", (event) => {
    const text = byId("message").value.trim();

    event.preventDefault();
    if (text === "" || !isConnected())
        return;
    byId("message").value = "";
    send(text);
});

try {
    place = await (await fetch("/home/im.json")).json();
} catch {
    /* Served by something else: the usual place. */
}
const wanted = Number([...parameters].find(
    ([key]) => key.toLowerCase() === "appid")?.[1]);

app = place.apps.includes(wanted) ? wanted : place.apps[0];
name ||= NAMES[Math.floor(Math.random() * NAMES.length)] +
    Math.floor(Math.random() * 100);
showPage();
connect();
