/*
 * After an upgrade: the children of the old program are replaced by new ones,
 * those who keep messages one by one, then all gateways at once, new ones
 * beside the old, which drain. Nobody is refused meanwhile, and when the new
 * gateways do not come up, the old ones go on serving.
 */
#ifndef MASTER_RENEWAL_H
#define MASTER_RENEWAL_H

struct supervisor;

/* All children that there are are old. */
void renewal_begin(struct supervisor *supervisor);

/* Goes on with it; call it at every tick. */
void renewal_go_on(struct supervisor *supervisor);

#endif
