#include "runner/cli/key.hh"

#include "attest/key.hh"
#include "attest/signer/client.hh"
#include "runner/cli/command.hh"
#include "runner/environment.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

namespace caisson::runner {
namespace {

std::filesystem::path signer()
{
    return own_directory() / "caisson-signer";
}

void say_key(const std::string& pem)
{
    std::printf("fingerprint  %s\n", attest::PublicKey::from_pem(pem).id().c_str());
}

int make(const std::filesystem::path& given)
{
    const std::filesystem::path key = given.empty() ? default_key_path() : given;
    const NewKey made = write_new_key(key, given.empty());
    std::printf("private key  %s\npublic key   %s\n", key.c_str(), made.public_file.c_str());
    say_key(made.pem);
    return 0;
}

/// What it prints is a PEM file too: text before the first line is a comment (RFC 7468 section 2).
int show(const std::filesystem::path& given)
{
    const std::string pem = attest::show_key(signer(), given.empty() ? default_key_path() : given);
    say_key(pem);
    (void)std::fputs(pem.c_str(), stdout);
    return 0;
}

} // namespace

std::filesystem::path default_key_path()
{
    if (const std::string key = variable("CAISSON_KEY"); !key.empty()) return key;
    const std::filesystem::path configuration = user_configuration();
    if (configuration.empty())
        throw Error(ErrorKind::kUsage,
                    "no place for a signing key: HOME is not set",
                    "give --key, or set CAISSON_KEY");
    return configuration / "caisson" / "signing-key.pem";
}

NewKey write_new_key(const std::filesystem::path& key, bool make_folder)
{
    NewKey made{.public_file = key.native() + ".pub"};
    if (std::filesystem::exists(std::filesystem::symlink_status(made.public_file)))
        throw Error(ErrorKind::kInput,
                    "\"" + made.public_file.native() + "\" exists already",
                    "a key is never replaced; give another path with --key");
    if (const auto folder = key.parent_path(); make_folder && !std::filesystem::exists(folder)) {
        std::filesystem::create_directories(folder);
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
    }
    made.pem = attest::make_key(signer(), key);
    write_file_atomically(made.public_file, made.pem);
    return made;
}

Action add_key(CLI::App& app)
{
    const auto key = std::make_shared<std::string>();
    app.require_subcommand(1);
    CLI::App* make_verb = app.add_subcommand("new", "Make a signing key");
    CLI::App* show_verb = app.add_subcommand("show", "Print the public half of a signing key");
    for (CLI::App* verb : {make_verb, show_verb})
        verb->add_option("--key",
                         *key,
                         "The private key's file (default: $CAISSON_KEY, else "
                         "~/.config/caisson/signing-key.pem)");
    return [key, make_verb] { return make_verb->parsed() ? make(*key) : show(*key); };
}

} // namespace caisson::runner
