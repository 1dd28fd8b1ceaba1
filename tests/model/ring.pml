/*
 * A ring and its bell (shared/ring.c, shared/bell.c): one producer, one
 * consumer, each of which may be killed before any of its steps, as often as one
 * likes, and is followed by a successor.
 *
 * Checked in all interleavings:
 * - every letter is read, in order, whole, and none is skipped (assertions);
 * - what was not released is still there for the successor, unchanged;
 * - nobody sleeps for ever beside a letter (no invalid end state). The server
 *   has timers too; here there are none, so the handshake alone has to do it.
 *
 * Stores pass through a buffer for each process (as on x86; a release store on
 * other machines promises no less), loads do not wait for it, a fence does. A
 * killed process's buffer still drains.
 *
 * The letter at position n holds n + 1. A full ring is modelled as waiting for
 * room, since the caller tries again.
 *
 * Each of these takes one thing away and must be found out (see run):
 * NO_SECOND_LOOK, NO_PRODUCER_FENCE, NO_CONSUMER_FENCE, NO_RING_BY_SUCCESSOR,
 * PUBLISH_FIRST, RELEASE_FIRST, SUCCESSOR_AT_TAIL.
 */

#define CAPACITY 2
#define LETTERS 5

mtype = { DATA, TAIL, HEAD, ASLEEP };

byte data[CAPACITY];
byte tail;
byte head;
bit asleep;
bit bell;

byte seen; /* letters that some consumer has taken in */
bit producer_killed;
bit consumer_killed;

chan producer_stores = [2] of { mtype, byte, byte };
chan consumer_stores = [2] of { mtype, byte };

#define fence(stores) empty(stores)

active proctype producer_memory()
{
	mtype what;
	byte at, value;

end:	do
	:: atomic {
		producer_stores?what, at, value ->
		if
		:: what == DATA -> data[at] = value
		:: what == TAIL -> tail = value
		fi
	}
	od
}

active proctype consumer_memory()
{
	mtype what;
	byte value;

end:	do
	:: atomic {
		consumer_stores?what, value ->
		if
		:: what == HEAD -> head = value
		:: what == ASLEEP -> asleep = value
		fi
	}
	od
}

active proctype producer()
{
	byte mine; /* the tail as the producer knows it */

life:	{
		mine = tail;
#ifndef NO_RING_BY_SUCCESSOR
		if
		:: asleep -> bell = 1
		:: else
		fi;
#endif
		do
		:: mine == LETTERS -> break
		:: mine < LETTERS ->
			(mine - head < CAPACITY);
#ifdef PUBLISH_FIRST
			producer_stores!TAIL, 0, mine + 1;
			producer_stores!DATA, mine % CAPACITY, mine + 1;
#else
			producer_stores!DATA, mine % CAPACITY, mine + 1;
			producer_stores!TAIL, 0, mine + 1;
#endif
			mine++;
#ifndef NO_PRODUCER_FENCE
			fence(producer_stores);
#endif
			if
			:: asleep -> bell = 1
			:: else
			fi
		od
	} unless {
		producer_killed -> producer_killed = 0;
		fence(producer_stores);
		goto life
	}
}

active proctype consumer()
{
	byte position, published;

life:	{
#ifdef SUCCESSOR_AT_TAIL
		position = tail;
#else
		position = head;
#endif
		do
		:: position == LETTERS -> break
		:: position < LETTERS ->
			published = tail;
			if
			:: position < published ->
#ifdef RELEASE_FIRST
				consumer_stores!HEAD, position + 1;
#endif
				assert(data[position % CAPACITY] ==
					position + 1);
				assert(position <= seen);
				if
				:: position == seen -> seen++
				:: else
				fi;
				/* the letter is borrowed until it is released */
				assert(data[position % CAPACITY] ==
					position + 1);
				position++;
				if
				:: consumer_stores!HEAD, position
				:: skip /* with a later one */
				fi
			:: else ->
				consumer_stores!HEAD, position;
				consumer_stores!ASLEEP, 1;
#ifndef NO_CONSUMER_FENCE
				fence(consumer_stores);
#endif
#ifndef NO_SECOND_LOOK
				published = tail;
#endif
				if
				:: position < published
				:: else ->
					bell == 1;
					bell = 0
				fi;
				consumer_stores!ASLEEP, 0
			fi
		od
	} unless {
		consumer_killed -> consumer_killed = 0;
		fence(consumer_stores);
		goto life
	}
	assert(seen == LETTERS)
}

active proctype killer()
{
	do
	:: producer_killed = 1
	:: consumer_killed = 1
	:: break
	od
}
