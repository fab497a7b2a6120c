// What the chamber takes as a plan: every member as it was written, or an Error of kind kInternal.
#include "sandbox/base/error.hh"
#include "sandbox/plan_json.hh"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace caisson;
    const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
    if (json.is_discarded()) return 0;
    try {
        // as text: 1 and 1.0 are equal to the library
        if (sandbox::to_json(sandbox::plan_from_json(json)).dump() != json.dump()) std::abort();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::kInternal) std::abort();
    }
    return 0;
}
