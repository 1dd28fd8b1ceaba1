/*
 * The rooms on one side and the members on the other. On a wide window they
 * stand beside the log; on a narrow one they slide over it, one at a time, and
 * what is beneath cannot be reached until they go.
 */
import { byId } from "./dom.js";
import { rememberFlag, rememberedFlag } from "./storage.js";

/* The same widths as in style/narrow.css. */
const roomsSlide = window.matchMedia("(max-width: 760px)");
const membersSlide = window.matchMedia("(max-width: 1080px)");

export class Panels {
    constructor() {
        this.isRoomsOpen = false;
        this.isMembersOpen = false;
        this.isMembersWanted = rememberedFlag("members", true);
        this.opener = null;
        for (const id of ["rooms-button", "no-room-rooms"]) {
            byId(id).addEventListener("click", (event) =>
                this.openRooms(event.currentTarget));
        }
        byId("rooms-close").addEventListener("click", () => this.close());
        byId("members-button").addEventListener("click", (event) =>
            this.toggleMembers(event.currentTarget));
        byId("members-close").addEventListener("click", () =>
            this.hideMembers());
        byId("shade").addEventListener("click", () => this.close());
        roomsSlide.addEventListener("change", () => this.close());
        membersSlide.addEventListener("change", () => this.close());
        this.draw();
    }

    openRooms(opener) {
        this.opener = opener;
        this.isRoomsOpen = true;
        this.draw();
        byId("rooms-close").focus();
    }

    toggleMembers(opener) {
        if (!membersSlide.matches) {
            this.wantMembers(!this.isMembersWanted);
            return;
        }
        this.opener = opener;
        this.isMembersOpen = true;
        this.draw();
        byId("members-close").focus();
    }

    hideMembers() {
        if (membersSlide.matches)
            this.close();
        else
            this.wantMembers(false);
    }

    wantMembers(isWanted) {
        this.isMembersWanted = isWanted;
        rememberFlag("members", isWanted);
        this.draw();
    }

    /** Whatever slid over the log goes. Returns whether something did. */
    close() {
        const wasOpen = this.isRoomsOpen || this.isMembersOpen;

        this.isRoomsOpen = false;
        this.isMembersOpen = false;
        this.draw();
        if (wasOpen)
            this.opener?.focus();
        this.opener = null;
        return wasOpen;
    }

    draw() {
        const showsMembers = membersSlide.matches
            ? this.isMembersOpen : this.isMembersWanted;
        const covers = (this.isRoomsOpen && roomsSlide.matches)
            || (this.isMembersOpen && membersSlide.matches);

        document.body.dataset.rooms = this.isRoomsOpen ? "open" : "";
        document.body.dataset.members = showsMembers ? "open" : "";
        byId("shade").hidden = !covers;
        byId("main").inert = covers;
        byId("rooms").inert = roomsSlide.matches
            ? !this.isRoomsOpen : covers;
        byId("members").inert = !showsMembers;
        byId("rooms-button").setAttribute("aria-expanded",
            String(this.isRoomsOpen));
        byId("members-button").setAttribute("aria-expanded",
            String(showsMembers));
    }
}
