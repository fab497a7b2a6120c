#include "attest/signer/client.hh"

#include "attest/bundle.hh"
#include "attest/provenance.hh"
#include "attest/signer/protocol.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/channel.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

namespace caisson::attest {
namespace {

/// The process and our end of its socket.
struct Running {
    Program program;
    Channel channel;
};

Running start_signer(const std::filesystem::path& program,
                     const std::string& mode,
                     const std::filesystem::path& key)
{
    auto [ours, theirs] = Channel::make_pair();
    ProgramOptions options;
    options.path = program;
    options.arguments = {mode, key.native()};
    options.descriptors = {{protocol::kSocket, theirs.get()}};
    return {Program::start(options), std::move(ours)};
}

Error ended_unexpectedly()
{
    return {ErrorKind::kHost,
            "the signer ended unexpectedly",
            "was it killed, or is the host short of memory?"};
}

void send(const Channel& channel, const std::string& request, int statement)
try {
    channel.send(request, {statement});
} catch (const SysError& error) {
    if (error.number() == EPIPE) throw ended_unexpectedly();
    throw;
}

/// The next message as a `Kind`; an error that the signer sends is thrown here.
template<class Kind>
Kind receive(const Channel& channel)
{
    const auto message = channel.receive();
    if (!message) throw ended_unexpectedly();
    const auto json = nlohmann::json::parse(message->text, nullptr, false);
    if (!json.is_object() || json.contains("message")) throw error_from_json(message->text);
    return json.get<Kind>();
}

std::string public_key_by(const std::filesystem::path& program,
                          const std::string& mode,
                          const std::filesystem::path& key)
{
    const Running signer = start_signer(program, mode, key);
    return receive<protocol::Ready>(signer.channel).public_key;
}

} // namespace

struct SignerClient::State {
    Running signer;
    std::optional<protocol::Ready> ready;

    const protocol::Ready& await_ready()
    {
        if (!ready) ready = receive<protocol::Ready>(signer.channel);
        return *ready;
    }
};

SignerClient::SignerClient(std::unique_ptr<State> state)
    : state_(std::move(state))
{}
SignerClient::SignerClient(SignerClient&&) noexcept = default;
SignerClient& SignerClient::operator=(SignerClient&&) noexcept = default;
SignerClient::~SignerClient() = default;

SignerClient SignerClient::start(const SignerOptions& options)
{
    return SignerClient(std::make_unique<State>(
        State{start_signer(options.program, "serve", options.key), std::nullopt}));
}

const std::string& SignerClient::key_id()
{
    return state_->await_ready().key_id;
}

Signed SignerClient::sign(const std::string& statement, const std::string& builder_id)
{
    const protocol::Ready& ready = state_->await_ready();
    const UniqueFd file = make_sealed_memfd("statement", statement);
    // an id that is no UTF-8 is replaced, so the signer will not find it in the statement
    const std::string request = nlohmann::json(protocol::Request{builder_id})
                                    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    send(state_->signer.channel, request, file.get());
    const auto reply = receive<protocol::Signature>(state_->signer.channel);
    const auto signature = base64_decode(reply.signature);
    if (!signature) throw Error(ErrorKind::kInternal, "caisson-signer sent no signature");
    const dsse::Envelope envelope = {kPayloadType, statement, *signature, ready.key_id};
    return {.envelope = to_json(envelope).dump(),
            .bundle = make_bundle(envelope),
            .key_id = ready.key_id,
            .public_key = ready.public_key};
}

std::string make_key(const std::filesystem::path& program, const std::filesystem::path& key)
{
    return public_key_by(program, "new", key);
}

std::string show_key(const std::filesystem::path& program, const std::filesystem::path& key)
{
    return public_key_by(program, "show", key);
}

} // namespace caisson::attest
