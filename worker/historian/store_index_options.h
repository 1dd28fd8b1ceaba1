/*
 * What an index is made from, and what a step of filling it answers.
 */
#ifndef WORKER_HISTORIAN_STORE_INDEX_OPTIONS_H
#define WORKER_HISTORIAN_STORE_INDEX_OPTIONS_H

#include "worker/historian/store_layout.h"

struct store_index_options {
	const char *path;
	const char *archive; /* opened before by store_open() */
	const char *sql_dir; /* its own steps */
	store_filter *wants; /* which streams are in it */
	void *self;
};

enum store_index_result {
	STORE_INDEX_DONE,   /* the stream is as far as the archive */
	STORE_INDEX_MORE,   /* the step is full */
	STORE_INDEX_FAILED, /* the first of equal failures is logged */
};

#endif
