#include "runner/transport/curl.hh"

#include "sandbox/base/error.hh"

#include <dlfcn.h>
#include <string>

namespace caisson::runner {
namespace {

/// The library's binary interface has been the same since 2006; the number is that promise.
constexpr const char* kLibrary = "libcurl.so.4";

template<class Function>
void find(void* library, const char* name, Function& function)
{
    void* symbol = ::dlsym(library, name);
    if (symbol == nullptr) throw Error(ErrorKind::kHost, std::string(kLibrary) + " has no " + name);
    function = reinterpret_cast<Function>(symbol);
}

Curl load_library()
{
    void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        throw Error(ErrorKind::kHost,
                    std::string("load ") + kLibrary + ": " + ::dlerror(),
                    "install libcurl4; only registries need it");
    decltype(&::curl_global_init) global_init = nullptr;
    find(library, "curl_global_init", global_init);
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        throw Error(ErrorKind::kHost, "curl_global_init failed");

    Curl curl = {};
    find(library, "curl_easy_init", curl.easy_init);
    find(library, "curl_easy_cleanup", curl.easy_cleanup);
    find(library, "curl_easy_reset", curl.easy_reset);
    find(library, "curl_easy_setopt", curl.easy_setopt);
    find(library, "curl_easy_getinfo", curl.easy_getinfo);
    find(library, "curl_easy_perform", curl.easy_perform);
    find(library, "curl_easy_strerror", curl.easy_strerror);
    find(library, "curl_slist_append", curl.slist_append);
    find(library, "curl_slist_free_all", curl.slist_free_all);
    find(library, "curl_url", curl.url);
    find(library, "curl_url_set", curl.url_set);
    find(library, "curl_url_get", curl.url_get);
    find(library, "curl_url_cleanup", curl.url_cleanup);
    find(library, "curl_free", curl.free);
    return curl;
}

} // namespace

const Curl& Curl::load()
{
    static const Curl kCurl = load_library(); // never unloaded: it keeps threads and handlers
    return kCurl;
}

} // namespace caisson::runner
