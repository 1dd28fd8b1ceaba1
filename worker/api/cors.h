/*
 * What pages of other sites may do here, by the cors_origins of the listener:
 * browsers ask for it and obey (Fetch, 3.2). Keys are no cookies: nobody is let
 * in for where he comes from.
 */
#ifndef WORKER_API_CORS_H
#define WORKER_API_CORS_H

struct exchange;

/* Adds to the reply what a page of another site must be told. */
void cors_tell(struct exchange *exchange);

#endif
