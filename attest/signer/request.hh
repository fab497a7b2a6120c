#pragma once

#include "attest/key.hh"
#include "attest/signer/signed_list.hh"
#include "sandbox/base/channel.hh"

#include <string>
#include <string_view>

namespace caisson::attest {

/// The invocation id of a statement that may be signed for `builder_id`. Anything but an in-toto
/// Statement v1 with SLSA provenance v1 about one image, made by that builder, is an Error of kind
/// kRefused. Whether a statement is true the signer cannot know.
[[nodiscard]] std::string check_signable(std::string_view payload, const std::string& builder_id);

/// The reply to one request: protocol::Signature as JSON. An id that this key has signed before is
/// an Error of kind kRefused.
[[nodiscard]] std::string
answer(const Message& request, const PrivateKey& key, const SignedList& signed_before);

} // namespace caisson::attest
