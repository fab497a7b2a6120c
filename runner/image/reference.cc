#include "runner/image/reference.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>

// The grammar is that of the distribution project's reference package; written out by hand, for
// std::regex is slow to build and recurses on long input.

namespace caisson::runner {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestTag = 128;

bool is_lower(char letter)
{
    return letter >= 'a' && letter <= 'z';
}
bool is_upper(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}
bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}
bool is_word(char letter)
{
    return is_lower(letter) || is_upper(letter) || is_digit(letter);
}

/// alphanumeric (separator alphanumeric)*, separator: one dot, one or two underscores, any dashes
bool is_path_component(std::string_view text)
{
    const auto plain = [](char letter) { return is_lower(letter) || is_digit(letter); };
    if (text.empty() || !plain(text.front()) || !plain(text.back())) return false;
    std::size_t at = 0;
    while (at < text.size()) {
        if (plain(text[at])) {
            ++at;
            continue;
        }
        const char separator = text[at];
        const std::size_t end = std::min(text.find_first_not_of(separator, at), text.size());
        const std::size_t run = end - at;
        const bool known =
            separator == '-' || (separator == '.' && run == 1) || (separator == '_' && run <= 2);
        if (!known || !plain(text[end])) return false;
        at = end;
    }
    return true;
}

bool is_host(std::string_view host)
{
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        return host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
    const auto label_ok = [](std::string_view label) {
        return !label.empty() && label.front() != '-' && label.back() != '-' &&
               std::ranges::all_of(label, [](char c) { return is_word(c) || c == '-'; });
    };
    for (;;) {
        const std::size_t dot = host.find('.');
        if (!label_ok(host.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        host.remove_prefix(dot + 1);
    }
}

bool is_domain(std::string_view domain)
{
    const std::size_t bracket = domain.rfind(']');
    const std::size_t colon = domain.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon == std::string_view::npos) return is_host(domain);
    const std::string_view port = domain.substr(colon + 1);
    return is_host(domain.substr(0, colon)) && !port.empty() && port.size() <= 5 &&
           std::ranges::all_of(port, is_digit);
}

bool is_tag(std::string_view tag)
{
    return !tag.empty() && tag.size() <= kLongestTag && (is_word(tag[0]) || tag[0] == '_') &&
           std::ranges::all_of(
               tag, [](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; });
}

/// Whether the part before the first slash is a host rather than a directory of Docker Hub.
bool names_a_host(std::string_view first)
{
    return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
           std::ranges::any_of(first, is_upper);
}

[[noreturn]] void refuse(std::string_view text, const std::string& why)
{
    throw Error(ErrorKind::kUsage,
                "\"" + printable(text) + "\" is not the name of an image: " + why);
}

} // namespace

Reference Reference::parse(std::string_view text)
{
    Reference reference;
    std::string_view rest = text;
    if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
        reference.digest = attest::Digest::parse(rest.substr(at + 1));
        if (!reference.digest)
            refuse(text, "after \"@\" stands no digest (\"sha256:\" and 64 hexadecimal digits)");
        rest = rest.substr(0, at);
    }
    const std::size_t slash = rest.rfind('/');
    const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
    if (colon != std::string_view::npos) {
        reference.tag = rest.substr(colon + 1);
        if (!is_tag(reference.tag))
            refuse(text,
                   "a tag has letters, digits, \"_\", \".\" and \"-\", at most 128, and begins "
                   "with none of the last two");
        rest = rest.substr(0, colon);
    }
    const std::size_t first = rest.find('/');
    if (first != std::string_view::npos && names_a_host(rest.substr(0, first))) {
        reference.domain = rest.substr(0, first);
        if (!is_domain(reference.domain))
            refuse(text, "\"" + printable(reference.domain) + "\" is not a host name");
        rest.remove_prefix(first + 1);
    }
    if (reference.domain.empty() || reference.domain == "index.docker.io")
        reference.domain = "docker.io";
    reference.path = rest;
    for (std::string_view left = rest;;) {
        const std::size_t next = left.find('/');
        if (!is_path_component(left.substr(0, next)))
            refuse(text,
                   "each part of a path has lower-case letters and digits, with single \".\", "
                   "\"_\", \"__\" or \"-\" between them");
        if (next == std::string_view::npos) break;
        left.remove_prefix(next + 1);
    }
    if (reference.domain == "docker.io" && reference.path.find('/') == std::string::npos)
        reference.path.insert(0, "library/");
    if (reference.repository().size() > kLongestName) refuse(text, "it is too long");
    return reference;
}

std::string Reference::familiar_repository() const
{
    constexpr std::string_view kOfficial = "library/";
    if (domain != "docker.io") return repository();
    const std::size_t slash = path.find('/');
    if (path.starts_with(kOfficial) && path.find('/', kOfficial.size()) == std::string::npos)
        return path.substr(kOfficial.size());
    // "docker.io/example.org/app" without its host would be another host's
    return names_a_host(path.substr(0, slash)) ? repository() : path;
}

std::string Reference::suffix() const
{
    std::string suffix;
    if (!tag.empty() || !digest) suffix += ":" + (tag.empty() ? "latest" : tag);
    if (digest) suffix += "@" + digest->text();
    return suffix;
}

} // namespace caisson::runner
