#include "runner/transport/http.hh"

#include "runner/transport/curl.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>

namespace caisson::runner {
namespace {

constexpr long kMostRedirects = 5;
constexpr long kConnectSeconds = 30;
constexpr long kStandstillSeconds = 60;
constexpr std::size_t kLongestFailure = 64U << 10;
constexpr std::size_t kMostHeaders = 256U << 10;

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

/// One transfer as libcurl's callbacks see it.
struct Transfer {
    const Curl& curl;
    CURL* handle;
    const HttpClient::Sink& sink;
    HttpResponse response;
    std::size_t header_bytes = 0;
    std::exception_ptr failure;

    bool take_body(std::string_view bytes)
    {
        curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
        if (!response.ok()) {
            const std::size_t room = kLongestFailure - response.body.size();
            response.body.append(bytes.substr(0, room));
            return true;
        }
        try {
            sink(bytes);
            return true;
        } catch (const Error&) {
            // no exception may pass through libcurl's frames, which are C
            failure = std::current_exception();
            return false;
        }
    }

    bool take_header(std::string_view line)
    {
        if (line.starts_with("HTTP/")) response.headers.clear(); // a redirect's are of no use
        header_bytes += line.size();
        response.headers.emplace_back(trimmed(line));
        return header_bytes <= kMostHeaders;
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

class HeaderList {
public:
    HeaderList(const Curl& curl, const std::vector<std::string>& headers)
        : curl_(curl)
    {
        for (const std::string& header : headers) {
            curl_slist* longer = curl_.slist_append(list_, header.c_str());
            if (longer == nullptr) throw Error(ErrorKind::kInternal, "curl_slist_append failed");
            list_ = longer;
        }
    }
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { curl_.slist_free_all(list_); }
    [[nodiscard]] curl_slist* get() const noexcept { return list_; }

private:
    const Curl& curl_;
    curl_slist* list_ = nullptr;
};

} // namespace

struct HttpClient::State {
    const Curl& curl = Curl::load();
    CURL* handle = curl.easy_init();
    std::array<char, CURL_ERROR_SIZE> message = {};

    State()
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

    void prepare(const HttpRequest& request, const HeaderList& headers)
    {
        curl.easy_reset(handle); // keeps the connections
        const char* protocols = request.plain_http ? "http,https" : "https";
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, protocols);
        set(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
        set(CURLOPT_FOLLOWLOCATION, 1L);
        set(CURLOPT_MAXREDIRS, kMostRedirects);
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
        set(CURLOPT_LOW_SPEED_LIMIT, 1L);
        set(CURLOPT_LOW_SPEED_TIME, kStandstillSeconds);
        set(CURLOPT_USERAGENT, "caisson/" CAISSON_VERSION);
        set(CURLOPT_HTTPHEADER, headers.get());
        set(CURLOPT_ERRORBUFFER, message.data());
        // a proxy would look for the loopback registry on its own machine
        if (request.plain_http) set(CURLOPT_PROXY, "");
        if (!request.bearer.empty()) {
            // not as a header of ours: libcurl drops this one when it is redirected to another host
            set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
            set(CURLOPT_XOAUTH2_BEARER, request.bearer.c_str());
            set(CURLOPT_UNRESTRICTED_AUTH, 0L);
        }
    }
};

HttpClient::HttpClient()
    : state_(std::make_unique<State>())
{}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::get(const HttpRequest& request, const Sink& sink)
{
    State& state = *state_;
    const HeaderList headers(state.curl, request.headers);
    Transfer transfer{.curl = state.curl, .handle = state.handle, .sink = sink};
    state.prepare(request, headers);
    state.set(CURLOPT_WRITEFUNCTION, &on_body);
    state.set(CURLOPT_WRITEDATA, &transfer);
    state.set(CURLOPT_HEADERFUNCTION, &on_header);
    state.set(CURLOPT_HEADERDATA, &transfer);
    state.message[0] = '\0';
    const CURLcode code = state.curl.easy_perform(state.handle);
    if (transfer.failure) std::rethrow_exception(transfer.failure);
    if (code != CURLE_OK)
        throw Error(ErrorKind::kInput,
                    state.message[0] != '\0' ? std::string(state.message.data())
                                             : std::string(state.curl.easy_strerror(code)));
    state.curl.easy_getinfo(state.handle, CURLINFO_RESPONSE_CODE, &transfer.response.status);
    return std::move(transfer.response);
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

} // namespace caisson::runner
