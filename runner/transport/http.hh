#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

struct HttpRequest {
    std::string url;
    std::vector<std::string> headers; ///< "Accept: text/plain"
    std::string bearer;               ///< a token; sent to this host only, not where it redirects
    bool plain_http = false;          ///< http:// is allowed too, and no proxy is asked
};

struct HttpResponse {
    long status = 0;
    std::string body; ///< of a failure, at most 64 KiB; of a success the sink has it
    std::vector<std::string> headers; ///< of the last response, "Name: value"

    [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
    /// Every value of a header, in order; names are compared as HTTP does.
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
};

/// HTTP to registries: TLS checked against the system's authorities, at most five redirects and
/// none to plain HTTP, a transfer that stands still ends. Connections are kept for the next
/// request.
///
/// libcurl is loaded when the first client is made: linked, it and the twenty libraries it needs
/// would cost every start of the program 3 ms, a sixth of a cached build, which pulls nothing.
class HttpClient {
public:
    using Sink = std::function<void(std::string_view)>;

    HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    /// GET. The sink gets the body of a 2xx response; what it throws ends the transfer and comes
    /// out here. No response at all is an Error of kind kInput.
    [[nodiscard]] HttpResponse get(const HttpRequest& request, const Sink& sink);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace caisson::runner
