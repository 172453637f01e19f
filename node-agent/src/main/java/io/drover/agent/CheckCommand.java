package io.drover.agent;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.drover.agent.cgroup.Cgroups;
import io.drover.agent.confinement.Confinement;
import io.drover.agent.confinement.ConfinementChoice;
import io.drover.agent.confinement.Confinements;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.kvm.VmmProgram;
import io.drover.agent.folder.FolderWatch;
import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code check}: how this host can run VMs, and why not, for people. */
// @formatter:off
@Command(name = "check", mixinStandardHelpOptions = true,
        description = "Tests how this host can run VMs. Exits 0 when at least one driver works.")
final class CheckCommand implements Callable<Integer> {
    private static final String CGROUP = "drover-check";

    /** How the result is printed. */
    private enum Format {
        table, json
    }

    @Option(names = {"-o", "--output"}, paramLabel = "FORMAT", defaultValue = "table",
            description = "table or json (default: ${DEFAULT-VALUE}).")
    private Format format = Format.table;

    @Option(names = "--driver", paramLabel = "NAME", description = "Test this driver only; may be repeated.")
    private List<String> drivers = new ArrayList<>();

    @Option(names = "--qemu", paramLabel = "PROGRAM", defaultValue = "qemu-system-x86_64",
            description = "The QEMU to use (default: ${DEFAULT-VALUE}).")
    private String qemu = "qemu-system-x86_64";

    @Option(names = "--cgroup", paramLabel = "FOLDER",
            description = "Test this folder of cgroup v2, as --cgroup of the agent has it.")
    private Optional<String> cgroup = Optional.empty();

    // @formatter:on

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        for (String name : drivers) {
            if (!AgentConfig.DRIVERS.contains(name)) {
                spec.commandLine().getErr().println("--driver : " + name + " (expected: kvm or qemu)");
                return 1;
            }
        }
        Path folder = Files.createTempDirectory("drover-check").toRealPath();
        try (FolderWatch watches = new FolderWatch()) {
            Set<String> names = drivers.isEmpty() ? AgentConfig.DRIVERS : new TreeSet<>(drivers);
            Confinement confinement = new Confinements(folder, VmmProgram.installed().files(), List.of())
                    .find(ConfinementChoice.AUTO);
            Cgroups.Found cgroups = Cgroups.find(cgroup.map(Path::of), CGROUP);
            if (cgroup.isEmpty() && cgroups instanceof Cgroups.Found.Usable(Cgroups usable)) {
                usable.removeIfEmpty();
            }
            return print(HostDrivers.probe(names, false, qemu, watches, confinement).drivers().values(), cgroups);
        } finally {
            new VmFolder(folder).delete();
        }
    }

    private int print(Collection<Driver> found, Cgroups.Found cgroups) {
        PrintWriter out = spec.commandLine().getOut();
        switch (format) {
            case table -> {
                found.forEach(driver -> out.printf("%-6s %-9s %s%n", driver.name(),
                        HostDrivers.isUsable(driver) ? "usable" : "unusable", driver.status().message()));
                out.printf("%-6s %-9s %s%n", "limits", isUsable(cgroups) ? "usable" : "unusable",
                        "as this process is started: " + cgroups.message());
            }
            case json -> out.println(json(found, cgroups));
        }
        out.flush();
        return found.stream().anyMatch(HostDrivers::isUsable) ? 0 : 1;
    }

    private static boolean isUsable(Cgroups.Found cgroups) {
        return cgroups instanceof Cgroups.Found.Usable;
    }

    private static String json(Collection<Driver> found, Cgroups.Found cgroups) {
        JsonArray list = new JsonArray();
        for (Driver driver : found) {
            JsonObject entry = new JsonObject();
            entry.addProperty("name", driver.name());
            entry.addProperty("usable", HostDrivers.isUsable(driver));
            entry.addProperty("message", driver.status().message());
            list.add(entry);
        }
        JsonObject whole = new JsonObject();
        whole.add("drivers", list);
        JsonObject limits = new JsonObject();
        limits.addProperty("usable", isUsable(cgroups));
        limits.addProperty("message", cgroups.message());
        whole.add("limits", limits);
        return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(whole);
    }
}
