/*
 * Who is here: users with connections, in the order of a secret hash, page by
 * page. Read from the index, nobody is asked.
 */
#ifndef WORKER_API_DIRECTORY_H
#define WORKER_API_DIRECTORY_H

struct exchange;

void directory_answer(struct exchange *exchange);

#endif
