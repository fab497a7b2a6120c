#pragma once

#define CURL_DISABLE_TYPECHECK // its macros do not work on pointers to functions
#include <curl/curl.h>

namespace caisson::runner {

/// The functions of libcurl that are used, found by dlopen(3) on first use.
struct Curl {
    decltype(&::curl_easy_init) easy_init;
    decltype(&::curl_easy_cleanup) easy_cleanup;
    decltype(&::curl_easy_reset) easy_reset;
    decltype(&::curl_easy_setopt) easy_setopt;
    decltype(&::curl_easy_getinfo) easy_getinfo;
    decltype(&::curl_easy_perform) easy_perform;
    decltype(&::curl_easy_strerror) easy_strerror;
    decltype(&::curl_slist_append) slist_append;
    decltype(&::curl_slist_free_all) slist_free_all;
    decltype(&::curl_url) url;
    decltype(&::curl_url_set) url_set;
    decltype(&::curl_url_get) url_get;
    decltype(&::curl_url_cleanup) url_cleanup;
    decltype(&::curl_free) free;

    /// Loads it, once. Where it is not installed: Error of kind kHost.
    [[nodiscard]] static const Curl& load();
};

} // namespace caisson::runner
