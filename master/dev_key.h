/*
 * The key of backends that --dev makes, so that there is one to try the API and
 * the dashboard with.
 */
#ifndef MASTER_DEV_KEY_H
#define MASTER_DEV_KEY_H

/* Makes the file, and directories above it, if it is not there; what goes wrong
 * is logged, and then there is no key. */
void dev_key_make(const char *path);

#endif
