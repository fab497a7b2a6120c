// caisson-signer: alone reads the private key, and does nothing but sign one provenance statement
// after another. Started by the runner (attest/signer/client.hh) with a socket as descriptor 3;
// ends when that closes, so also when the runner was killed.

#include "attest/openssl.hh"
#include "attest/signer/confine.hh"
#include "attest/signer/key_file.hh"
#include "attest/signer/protocol.hh"
#include "attest/signer/request.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/log.hh"

#include <cstdio>
#include <sys/stat.h>

namespace caisson::attest {
namespace {

constexpr const char* kUsage = "caisson-signer new|show|serve KEY";

bool is_driven() noexcept
{
    struct stat status = {};
    return ::fstat(protocol::kSocket, &status) == 0 && S_ISSOCK(status.st_mode);
}

std::string reply_to(const Message& request, const PrivateKey& key, const SignedList& list)
try {
    return answer(request, key, list);
} catch (const Error& error) { // a refusal ends the request, not the signer
    return error_to_json(error);
}

void announce(const Channel* channel, const PublicKey& key)
{
    if (channel == nullptr)
        (void)std::fputs(key.pem().c_str(), stdout);
    else
        channel->send(nlohmann::json(protocol::Ready{key.id(), key.pem()}).dump());
}

/// The order: nobody can look in, the key, nothing can get out, the first byte from outside.
void serve(const Channel& channel, const std::filesystem::path& path)
{
    const PrivateKey key = read_key_file(path);
    const SignedList list = SignedList::open_beside(path);
    confine();
    announce(&channel, key.public_key());
    while (const auto request = channel.receive())
        channel.send(reply_to(*request, key, list));
}

void run(const std::vector<std::string>& arguments, const Channel* channel)
{
    if (arguments.size() != 2) throw Error(ErrorKind::kUsage, "usage", kUsage);
    const std::string& mode = arguments[0];
    if (mode == "new") return announce(channel, write_key_file(arguments[1]).public_key());
    if (mode == "show") return announce(channel, read_key_file(arguments[1]).public_key());
    if (mode == "serve" && channel != nullptr) return serve(*channel, arguments[1]);
    throw Error(ErrorKind::kUsage,
                mode == "serve" ? "serve wants a socket as descriptor 3" : "usage",
                kUsage);
}

void report(const Error& error, const Channel* channel)
{
    if (channel == nullptr)
        say(error.what());
    else
        channel->send(error_to_json(error));
}

int guarded_main(const std::vector<std::string>& arguments, const Channel* channel)
try {
    close_memory();
    openssl::ignore_configuration();
    run(arguments, channel);
    return 0;
} catch (const Error& error) {
    report(error, channel);
    return 1;
}

} // namespace
} // namespace caisson::attest

int main(int argc, char** argv)
{
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    int status = 0;
    if (caisson::attest::is_driven()) {
        const caisson::Channel channel{caisson::UniqueFd(caisson::attest::protocol::kSocket)};
        status = caisson::attest::guarded_main(arguments, &channel);
    } else {
        status = caisson::attest::guarded_main(arguments, nullptr);
    }
    (void)std::fflush(stdout);
    _exit(status); // no destructor of a library has anything to do that the filter would allow
}
