#include "runner/transport/url.hh"

#include "runner/image/purl.hh"
#include "runner/transport/curl.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <cctype>
#include <memory>

namespace caisson::runner {
namespace {

/// libcurl's own reading of a URL: one that differed from that of the transfer would be a hole.
class Url {
public:
    explicit Url(const std::string& text) { set(text); }

    void set(const std::string& text)
    {
        if (handle_ == nullptr) throw Error(ErrorKind::kInternal, "curl_url failed");
        if (curl_.url_set(handle_.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
            CURLUE_OK)
            throw Error(ErrorKind::kInput, "\"" + printable(text) + "\" is not a URL");
    }
    [[nodiscard]] std::string get(CURLUPart part) const
    {
        char* text = nullptr;
        const unsigned flags = part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0;
        if (curl_.url_get(handle_.get(), part, &text, flags) != CURLUE_OK) return {};
        std::string copy = text;
        curl_.free(text);
        return copy;
    }

private:
    struct Close {
        void operator()(CURLU* handle) const noexcept { Curl::load().url_cleanup(handle); }
    };
    const Curl& curl_ = Curl::load();
    std::unique_ptr<CURLU, Close> handle_{curl_.url()};
};

std::string lower(std::string text)
{
    std::ranges::transform(text, text.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return text;
}

} // namespace

std::string Origin::authority() const
{
    const bool usual = (scheme == "https" && port == "443") || (scheme == "http" && port == "80");
    return usual ? host : host + ":" + port;
}

Origin origin_of(const std::string& url)
{
    const Url parsed(url);
    Origin origin{.scheme = lower(parsed.get(CURLUPART_SCHEME)),
                  .host = lower(parsed.get(CURLUPART_HOST)),
                  .port = parsed.get(CURLUPART_PORT)};
    if (origin.host.empty() || origin.port.empty())
        throw Error(ErrorKind::kInput, "\"" + printable(url) + "\" names no host");
    return origin;
}

std::string resolve_url(const std::string& base, const std::string& location)
{
    Url url(base);
    url.set(location);
    Url without_fragment(url.get(CURLUPART_URL));
    return without_fragment.get(CURLUPART_URL);
}

std::string
with_parameter(const std::string& url, const std::string& name, const std::string& value)
{
    const char separator = url.find('?') == std::string::npos ? '?' : '&';
    return url + separator + name + "=" + percent_encode(value);
}

} // namespace caisson::runner
