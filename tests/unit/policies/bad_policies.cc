#include "tests/unit/policies/bad_policies.hh"

#include "policies/embedded.hh"

namespace caisson::policies {
namespace {

struct Change {
    const char* path; ///< JSON pointer
    const char* value;
};

constexpr Change kChanges[] = {
    {"/format", R"("policy@v2")"},
    {"/format", "1"},
    {"/name", R"("")"},
    {"/name", R"("Default")"},
    {"/name", R"("-x")"},
    {"/name", R"("a/b")"},
    {"/name", "null"},
    {"/name", R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")"},
    {"/description", "7"},
    {"/description", R"("")"},
    {"/limts", "{}"},
    {"/limits", "[]"},
    {"/limits/processes", "0"},
    {"/limits/processes", "-1"},
    {"/limits/processes", "1000001"},
    {"/limits/processes", "2.5"},
    {"/limits/processes", R"("4096")"},
    {"/limits/file_size_bytes", "0"},
    {"/limits/file_size_bytes", "1125899906842625"},
    {"/limits/open_files", "63"},
    {"/limits/open_files", "1048577"},
    {"/limits/output_bytes", "0"},
    {"/limits/output_bytes", "1099511627777"},
    {"/limits/step_seconds", "604801"},
    {"/limits/build_seconds", "0"},
    {"/limits/memory_bytes", "1"},
    {"/limits/memory_bytes", "16777215"},
    {"/limits/memory_byte", "16777216"},
    {"/limits/swap_bytes", "-1"},
    {"/limits/swap_bytes", "1125899906842625"},
    {"/limits/huge_page_bytes", R"("0")"},
    {"/limits/address_space_bytes", "0"},
    {"/limits/address_space_bytes", "null"},
    {"/limits/cpu_percent", "0"},
    {"/limits/cpu_percent", "1000001"},
    {"/limits/cpu_seconds", "0"},
    {"/limits/disk_bytes", "1048575"},
    {"/limits/disk_files", "0"},
    {"/limits/disk_files", "4294967297"},
    {"/limits/build_memory_bytes", "0"},
    {"/limits/build_disk_bytes", "2251799813685249"},
    {"/limits/enforce", "true"},
    {"/limits/enforce", R"("required")"},
    {"/limits/enforce", R"({"step_seconds": "required"})"},
    {"/limits/enforce", R"({"memory_bytes": "yes"})"},
    {"/limits/enforce", R"({"memory_bytes": true})"},
    {"/capabilities", R"("CAP_CHOWN")"},
    {"/capabilities", R"(["CAP_SYS_ADMIN"])"},
    {"/capabilities", R"(["cap_chown"])"},
    {"/capabilities", R"(["CAP_CHOWN", "CAP_CHOWN"])"},
    {"/capabilities", "[1]"},
    {"/syscalls", "[]"},
    {"/syscalls", R"(["no-such-group"])"},
    {"/syscalls", R"(["files", "files"])"},
    {"/syscalls", "{}"},
    {"/seccomp", R"({"profile": "p.json"})"}, // beside "syscalls"
    {"/landlock", "true"},
    {"/landlock", R"("optional")"},
    {"/network", R"("host")"},
    {"/network", "{}"},
    {"/base_images", R"("*")"},
    {"/base_images", R"([""])"},
    {"/base_images", R"(["a", "a"])"},
    {"/base_images", "[null]"},
    {"/plain_http_loopback", R"("yes")"},
    {"/plain_http_loopback", "0"},
    {"/sandbox", R"({"verify_lowers": "yes"})"},
    {"/sandbox", R"({"verify_lower": true})"},
    {"/sandbox", R"({"trust_domain": "Team A"})"},
    {"/sandbox", "[]"},
};

constexpr const char* kNeeded[] = {"/format",
                                   "/name",
                                   "/limits",
                                   "/limits/processes",
                                   "/limits/file_size_bytes",
                                   "/limits/open_files",
                                   "/limits/output_bytes",
                                   "/limits/step_seconds",
                                   "/limits/build_seconds",
                                   "/capabilities",
                                   "/syscalls",
                                   "/landlock",
                                   "/network",
                                   "/base_images"};

} // namespace

std::vector<BadPolicy> bad_policies()
{
    const auto good = nlohmann::json::parse(embedded_profiles().front().text);
    std::vector<BadPolicy> all = {{"an array", nlohmann::json::array()}, {"null", nullptr}};
    for (const Change& change : kChanges) {
        nlohmann::json document = good;
        document[nlohmann::json::json_pointer(change.path)] = nlohmann::json::parse(change.value);
        all.push_back({std::string(change.path) + " = " + change.value, std::move(document)});
    }
    for (const char* path : kNeeded)
        all.push_back(
            {std::string("without ") + path, good.patch({{{"op", "remove"}, {"path", path}}})});
    auto with_profile = good;
    with_profile.erase("syscalls");
    for (const char* seccomp : {"{}",
                                R"("p.json")",
                                R"({"profile": ""})",
                                R"({"profile": ["p.json"]})",
                                R"({"profile": "p.json", "i_accept_everything": true})",
                                R"({"profile": "p.json", "i_accept_kernel_crypto_sockets": 1})"}) {
        with_profile["seccomp"] = nlohmann::json::parse(seccomp);
        all.push_back({std::string("seccomp = ") + seccomp, with_profile});
    }
    return all;
}

} // namespace caisson::policies
