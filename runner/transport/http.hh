#pragma once

#include "sandbox/base/error.hh"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// How one host is spoken to, beside what holds for all.
struct TlsSettings {
    std::string authorities;           ///< PEM; trusted besides the system's
    std::filesystem::path certificate; ///< the client's own, PEM; empty: none
    std::filesystem::path key;         ///< its private key, PEM
};

/// What is sent with a PUT, POST or PATCH: text, or a part of an open file.
struct HttpBody {
    std::string text;
    int file = -1; ///< borrowed, read by pread(2); -1: it is `text`
    std::uint64_t offset = 0;
    std::uint64_t size = 0; ///< of the part of the file
};

struct HttpRequest {
    enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete };

    Method method = Method::kGet;
    std::string url;
    std::vector<std::string> headers; ///< "Accept: text/plain"
    std::string authorization; ///< the header's value; for this origin only, not where it redirects
    bool plain_http = false;   ///< http:// is allowed too, and no proxy is asked
    HttpBody body = {};
};

struct HttpResponse {
    long status = 0;
    std::string url;  ///< the one that answered: the last of the redirects
    std::string body; ///< of a failure, at most 64 KiB; of a success the sink has it
    std::vector<std::string> headers; ///< of the last response, "Name: value"

    [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
    /// Every value of a header, in order; names are compared as HTTP does.
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
    /// The last of them, or nothing.
    [[nodiscard]] std::string value(std::string_view name) const;
};

/// There was no whole response: a connection that broke or stood still. Another try may succeed.
class BrokenTransfer : public Error {
public:
    using Error::Error;
};

struct HttpOptions {
    /// The settings for a host, "registry.example.org:5000" (443 and 80 unnamed).
    std::function<TlsSettings(const std::string& host)> tls;
    /// Called now and then while a transfer runs; what it throws ends the transfer.
    std::function<void()> checkpoint;
    std::chrono::seconds standstill{60}; ///< a transfer that moves no byte for so long is broken
};

/// HTTP to registries: TLS checked against the system's authorities and those named for the host,
/// a transfer that stands still ends. Of a GET or HEAD at most five redirects are followed, none
/// of them to plain HTTP from TLS; another origin gets neither credentials nor client certificate
/// (CVE-2018-1000007's kind). Connections are kept for the next request. For one thread.
///
/// libcurl is loaded when the first client is made: linked, it and the twenty libraries it needs
/// would cost every start of the program 3 ms, a sixth of a cached build, which pulls nothing.
class HttpClient {
public:
    /// Gets a part of the body, and the status and headers that came before it.
    using Sink = std::function<void(const HttpResponse& head, std::string_view bytes)>;

    explicit HttpClient(HttpOptions options = {});
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    /// The sink gets the body of a 2xx response; what it throws ends the transfer and comes out
    /// here. No response at all is a BrokenTransfer or, where no other try can help, an Error;
    /// both of kind kInput.
    [[nodiscard]] HttpResponse send(const HttpRequest& request, const Sink& sink);
    /// The same where the answer is small: its body is in the response. More than `limit` bytes
    /// is an Error of kind kInput.
    [[nodiscard]] HttpResponse send(const HttpRequest& request, std::size_t limit = 1U << 20);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace caisson::runner
