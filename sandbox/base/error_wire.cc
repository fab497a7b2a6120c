#include "sandbox/base/error_wire.hh"

#include "sandbox/base/text.hh"

#include <nlohmann/json.hpp>

namespace caisson {

std::string error_to_json(const Error& error)
{
    const nlohmann::json wire = {{"kind", static_cast<int>(error.kind())},
                                 {"message", error.message()},
                                 {"hint", error.hint()}};
    // a path in a message may be any bytes
    return wire.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Error error_from_json(std::string_view text)
{
    const auto wire = nlohmann::json::parse(text, nullptr, false);
    if (!wire.is_object() || !wire.contains("message") || !wire["message"].is_string())
        return Error(ErrorKind::kInternal,
                     "a program of ours failed and said \"" + printable(text.substr(0, 200)) +
                         "\"");
    const auto kind = wire.contains("kind") ? wire["kind"] : nlohmann::json();
    const bool known =
        kind.is_number_integer() && kind >= 0 && kind <= static_cast<int>(ErrorKind::kInterrupted);
    const bool has_hint = wire.contains("hint") && wire["hint"].is_string();
    return Error(known ? static_cast<ErrorKind>(kind.get<int>()) : ErrorKind::kInternal,
                 printable(wire["message"].get<std::string>()),
                 has_hint ? printable(wire["hint"].get<std::string>()) : std::string());
}

} // namespace caisson
