// Any text as the name of an image: an Error of kind kUsage, or a name whose long and short forms
// mean the same name again.
#include "runner/image/reference.hh"

#include "sandbox/base/error.hh"

#include <cstdint>
#include <cstdlib>

namespace {

using caisson::runner::Reference;

void require(bool condition)
{
    if (!condition) std::abort();
}

void check(std::string_view text)
{
    const Reference reference = Reference::parse(text);
    require(!reference.domain.empty() && !reference.path.empty());
    // it becomes part of a URL
    require(
        reference.full().find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789._-/:@[]") == std::string::npos);
    require(("/" + reference.path + "/").find("/../") == std::string::npos);
    for (const std::string& form : {reference.full(), reference.familiar()}) {
        const Reference again = Reference::parse(form);
        require(again.full() == reference.full() && again.digest == reference.digest);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    try {
        check({reinterpret_cast<const char*>(data), size});
    } catch (const caisson::Error& error) {
        require(error.kind() == caisson::ErrorKind::kUsage);
    }
    return 0;
}
