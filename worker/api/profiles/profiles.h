/*
 * All profiles that have HTTP, for api_profile.c alone.
 */
#ifndef WORKER_API_PROFILES_PROFILES_H
#define WORKER_API_PROFILES_PROFILES_H

struct api_profile;

extern const struct api_profile api_profile_im;
extern const struct api_profile api_profile_client;
extern const struct api_profile api_profile_groupchat;
extern const struct api_profile api_profile_push;

#endif
