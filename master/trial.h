/*
 * What a tested configuration would change of the server that runs with it:
 * asked at the status socket of its run_dir, as anybody may.
 */
#ifndef MASTER_TRIAL_H
#define MASTER_TRIAL_H

struct config;

/* Prints a line for each option that differs from the running server's: "live"
 * when a reload changes it, "restart" when only a restart does. Without a
 * server that answers nothing is printed. */
void trial_compare(const struct config *config);

#endif
