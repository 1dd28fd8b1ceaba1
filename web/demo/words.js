/*
 * Every sentence of the page of the profile push, in each of its languages.
 */
const en = {
    lang: "en",
    title: "Push",
    another: "Another tab, another user",
    address: "WebSocket",
    connect: "Connect",
    close: "Disconnect",
    message: "Message",
    post: "Post to /send",
    send: "Send over the socket",
    hint: "A backend posts to /send; what a client sends over the socket is"
        + " ignored.",
    heard: "What happened",
    nothing: "Nothing yet.",
    sample: "A test message",
    states: { closed: "not connected", connecting: "connecting",
        online: "connected" },
    opened: "Connected.",
    closing: "Asked the server to close.",
    closed: "The connection is closed.",
    already: "Connected already.",
    notYet: "Please connect first.",
    notConnected: "There is no connection.",
    badAddress: "That is no address: {why}",
    sent: "Sent: {what}",
    posted: "Posted, the answer: {status} {what}",
    postFailed: "Not posted: {why}",
};

const zh = {
    lang: "zh-CN",
    title: "消息推送",
    another: "另开一个标签页，换一个用户",
    address: "WebSocket 地址",
    connect: "连接服务器",
    close: "断开服务器",
    message: "消息",
    post: "后台发送信息",
    send: "发送 socket 信息",
    hint: "后台向 /send 提交消息；客户端通过 socket 发送的内容会被忽略。",
    heard: "记录",
    nothing: "还没有内容。",
    sample: "测试消息",
    states: { closed: "未连接", connecting: "连接中", online: "已连接" },
    opened: "成功连接。",
    closing: "已请求服务器断开。",
    closed: "已经和服务器断开。",
    already: "已经在线。",
    notYet: "请先连接服务器。",
    notConnected: "当前没有连接服务器。",
    badAddress: "地址不正确：{why}",
    sent: "发送成功：{what}",
    posted: "已提交，回复：{status} {what}",
    postFailed: "提交失败：{why}",
};

/** In the reader's language; {…} are filled in by fill(). */
export const words = /^zh\b/i.test(navigator.language) ? zh : en;

export function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
