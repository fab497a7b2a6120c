#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// What passes between the runner and caisson-signer over the socket that is descriptor 3 there.
/// The signer speaks first (Ready, or an error as error_wire.hh writes it), then answers each
/// Request with a Signature or an error, one at a time. It ends when the socket closes.
namespace caisson::attest::protocol {

inline constexpr int kSocket = 3;

struct Ready {
    std::string key_id;
    std::string public_key;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Ready, key_id, public_key)

/// The statement itself comes as an open file: it may be larger than a message.
struct Request {
    std::string builder_id;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Request, builder_id)

struct Signature {
    std::string signature; ///< base64 of DER
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Signature, signature)

} // namespace caisson::attest::protocol
