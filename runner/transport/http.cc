#include "runner/transport/http.hh"

#include "runner/transport/curl.hh"
#include "runner/transport/url.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <exception>
#include <unistd.h>

namespace caisson::runner {
namespace {

constexpr int kMostRedirects = 5;
constexpr long kConnectSeconds = 30;
constexpr long kBufferBytes = 256L << 10;
constexpr std::size_t kLongestFailure = 64U << 10;
constexpr std::size_t kMostHeaders = 256U << 10;

using Method = HttpRequest::Method;

bool same_name(std::string_view one, std::string_view other)
{
    return std::ranges::equal(one, other, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// One transfer as libcurl's callbacks see it. No exception may pass through libcurl's frames,
/// which are C: what is thrown here waits in `failure`.
struct Transfer {
    const Curl& curl;
    CURL* handle;
    const HttpClient::Sink& sink;
    const std::function<void()>& checkpoint;
    const HttpBody& body;
    HttpResponse response = {};
    std::uint64_t sent = 0;
    std::size_t header_bytes = 0;
    std::exception_ptr failure = nullptr;

    template<class Step>
    bool guarded(Step&& step) noexcept
    {
        try {
            std::forward<Step>(step)();
            return true;
        } catch (const Error&) {
            failure = std::current_exception();
            return false;
        }
    }

    bool take_body(std::string_view bytes)
    {
        curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
        if (response.ok()) return guarded([&] { sink(response, bytes); });
        const std::size_t room = kLongestFailure - response.body.size();
        response.body.append(bytes.substr(0, room));
        return true;
    }

    bool take_header(std::string_view line)
    {
        if (line.starts_with("HTTP/")) response.headers.clear(); // "100 Continue" came before it
        header_bytes += line.size();
        response.headers.emplace_back(trimmed(line));
        return header_bytes <= kMostHeaders;
    }

    [[nodiscard]] std::uint64_t body_size() const
    {
        return body.file < 0 ? body.text.size() : body.size;
    }

    std::size_t give_body(char* buffer, std::size_t room)
    {
        const auto wanted = static_cast<std::size_t>(
            std::min<std::uint64_t>(room, body_size() - std::min(sent, body_size())));
        ssize_t got = static_cast<ssize_t>(wanted);
        if (body.file < 0) {
            std::memcpy(buffer, body.text.data() + sent, wanted);
        } else {
            do
                got = ::pread(body.file, buffer, wanted, static_cast<off_t>(body.offset + sent));
            while (got < 0 && errno == EINTR);
            if (got < 0) {
                failure = std::make_exception_ptr(SysError(errno, "read what is to be sent"));
                return CURL_READFUNC_ABORT;
            }
        }
        sent += static_cast<std::size_t>(got);
        return static_cast<std::size_t>(got);
    }
};

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* transfer) noexcept
{
    return static_cast<Transfer*>(transfer)->take_body({bytes, size}) ? size : size + 1;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* transfer) noexcept
{
    return static_cast<Transfer*>(transfer)->take_header({bytes, size}) ? size : size + 1;
}

std::size_t on_send(char* buffer, std::size_t size, std::size_t count, void* transfer) noexcept
{
    return static_cast<Transfer*>(transfer)->give_body(buffer, size * count);
}

/// libcurl sends again from the start on a kept connection that the other side had closed.
int on_seek(void* transfer, curl_off_t offset, int origin) noexcept
{
    if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Transfer*>(transfer)->sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept
{
    auto& self = *static_cast<Transfer*>(transfer);
    return !self.checkpoint || self.guarded(self.checkpoint) ? 0 : 1;
}

class HeaderList {
public:
    explicit HeaderList(const Curl& curl)
        : curl_(curl)
    {}
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { curl_.slist_free_all(list_); }
    void add(const std::string& header)
    {
        curl_slist* longer = curl_.slist_append(list_, header.c_str());
        if (longer == nullptr) throw Error(ErrorKind::kInternal, "curl_slist_append failed");
        list_ = longer;
    }
    [[nodiscard]] curl_slist* get() const noexcept { return list_; }

private:
    const Curl& curl_;
    curl_slist* list_ = nullptr;
};

bool is_redirect(const HttpResponse& response)
{
    constexpr std::array<long, 5> kRedirects = {301, 302, 303, 307, 308};
    return std::ranges::find(kRedirects, response.status) != kRedirects.end() &&
           !response.value("Location").empty();
}

bool another_try_may_help(CURLcode code)
{
    switch (code) {
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
        return true;
    default:
        return false;
    }
}

std::string hint_for(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return "put the certificate of its authority into /etc/caisson/certs.d/HOST:PORT/ca.crt";
    case CURLE_SSL_CERTPROBLEM:
        return "the client's certificate and key are those of certs.d/HOST:PORT";
    default:
        return {};
    }
}

} // namespace

struct HttpClient::State {
    explicit State(HttpOptions wanted)
        : options(std::move(wanted))
    {
        if (handle == nullptr) throw Error(ErrorKind::kInternal, "curl_easy_init failed");
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { curl.easy_cleanup(handle); }

    template<class Value>
    void set(CURLoption option, Value value)
    {
        // each of these is a wall or what the response depends on: none may be missing
        if (const CURLcode code = curl.easy_setopt(handle, option, value); code != CURLE_OK)
            throw Error(ErrorKind::kHost,
                        "libcurl does not take option " + std::to_string(option) + ": " +
                            curl.easy_strerror(code));
    }

    void prepare(const HttpRequest& request, const std::string& url, const HeaderList& headers)
    {
        curl.easy_reset(handle); // keeps the connections
        set(CURLOPT_URL, url.c_str());
        set(CURLOPT_PROTOCOLS_STR, request.plain_http ? "http,https" : "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
        set(CURLOPT_LOW_SPEED_LIMIT, 1L);
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.standstill.count()));
        set(CURLOPT_BUFFERSIZE, kBufferBytes);
        set(CURLOPT_USERAGENT, "caisson/" CAISSON_VERSION);
        set(CURLOPT_HTTPHEADER, headers.get());
        set(CURLOPT_ERRORBUFFER, message.data());
        // a proxy would look for the loopback registry on its own machine
        if (request.plain_http) set(CURLOPT_PROXY, "");
    }

    void prepare_tls(const TlsSettings& tls)
    {
        if (!tls.authorities.empty()) {
            curl_blob blob{.data = const_cast<char*>(tls.authorities.data()),
                           .len = tls.authorities.size(),
                           .flags = CURL_BLOB_COPY};
            set(CURLOPT_CAINFO_BLOB, &blob); // the system's directory of authorities stays
        }
        if (tls.certificate.empty()) return;
        set(CURLOPT_SSLCERT, tls.certificate.c_str());
        set(CURLOPT_SSLKEY, tls.key.c_str());
    }

    void prepare_method(Method method, Transfer& transfer)
    {
        const bool sends =
            method == Method::kPost || method == Method::kPut || method == Method::kPatch;
        if (method == Method::kHead) set(CURLOPT_NOBODY, 1L);
        if (method == Method::kDelete) set(CURLOPT_CUSTOMREQUEST, "DELETE");
        if (!sends) return;
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_CUSTOMREQUEST,
            method == Method::kPost  ? "POST"
            : method == Method::kPut ? "PUT"
                                     : "PATCH");
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(transfer.body_size()));
        set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
        set(CURLOPT_READFUNCTION, &on_send);
        set(CURLOPT_READDATA, &transfer);
        set(CURLOPT_SEEKFUNCTION, &on_seek);
        set(CURLOPT_SEEKDATA, &transfer);
    }

    /// One request to one server. `at_home`: it goes to the origin that the caller named.
    HttpResponse
    perform(const HttpRequest& request, const std::string& url, bool at_home, const Sink& sink)
    {
        HeaderList headers(curl);
        for (const std::string& header : request.headers)
            headers.add(header);
        headers.add("Expect:"); // else libcurl waits a second for "100 Continue"
        if (at_home && !request.authorization.empty())
            headers.add("Authorization: " + request.authorization);
        Transfer transfer{.curl = curl,
                          .handle = handle,
                          .sink = sink,
                          .checkpoint = options.checkpoint,
                          .body = request.body};
        prepare(request, url, headers);
        if (options.tls) {
            TlsSettings tls = options.tls(origin_of(url).authority());
            if (!at_home) tls.certificate.clear();
            prepare_tls(tls);
        }
        prepare_method(request.method, transfer);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, &transfer);
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, &transfer);
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, &on_progress);
        set(CURLOPT_XFERINFODATA, &transfer);
        message[0] = '\0';
        const CURLcode code = curl.easy_perform(handle);
        if (transfer.failure) std::rethrow_exception(transfer.failure);
        curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &transfer.response.status);
        if (code != CURLE_OK) fail(code);
        transfer.response.url = url;
        return std::move(transfer.response);
    }

    [[noreturn]] void fail(CURLcode code) const
    {
        const std::string why =
            message[0] != '\0' ? printable(message.data()) : std::string(curl.easy_strerror(code));
        if (another_try_may_help(code)) throw BrokenTransfer(ErrorKind::kInput, why);
        throw Error(ErrorKind::kInput, why, hint_for(code));
    }

    HttpOptions options;
    const Curl& curl = Curl::load();
    CURL* handle = curl.easy_init();
    std::array<char, CURL_ERROR_SIZE> message = {};
};

HttpClient::HttpClient(HttpOptions options)
    : state_(std::make_unique<State>(std::move(options)))
{}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request, const Sink& sink)
{
    const Origin home = origin_of(request.url);
    std::string url = request.url;
    for (int redirects = 0;; ++redirects) {
        const Origin origin = origin_of(url);
        HttpResponse response = state_->perform(request, url, origin == home, sink);
        const bool reads = request.method == Method::kGet || request.method == Method::kHead;
        if (!reads || !is_redirect(response)) return response;
        if (redirects == kMostRedirects)
            throw Error(ErrorKind::kInput,
                        "it redirects more than " + std::to_string(kMostRedirects) + " times");
        url = resolve_url(url, response.value("Location"));
        if (origin.scheme == "https" && origin_of(url).scheme != "https")
            throw Error(ErrorKind::kInput,
                        "it redirects from TLS to \"" + printable(url) + "\"",
                        "what came from there could have been changed on the way");
    }
}

HttpResponse HttpClient::send(const HttpRequest& request, std::size_t limit)
{
    std::string body;
    HttpResponse response = send(request, [&](const HttpResponse&, std::string_view bytes) {
        if (body.size() + bytes.size() > limit)
            throw Error(ErrorKind::kInput,
                        "the answer is larger than " + std::to_string(limit) + " bytes");
        body += bytes;
    });
    if (response.ok()) response.body = std::move(body);
    return response;
}

std::vector<std::string> HttpResponse::values(std::string_view name) const
{
    std::vector<std::string> found;
    for (const std::string& header : headers) {
        const std::string_view line = header;
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && same_name(line.substr(0, colon), name))
            found.emplace_back(trimmed(line.substr(colon + 1)));
    }
    return found;
}

std::string HttpResponse::value(std::string_view name) const
{
    const std::vector<std::string> all = values(name);
    return all.empty() ? std::string() : all.back();
}

} // namespace caisson::runner
