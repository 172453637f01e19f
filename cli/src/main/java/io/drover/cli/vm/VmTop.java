package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.Surroundings.Descriptor;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.UsageLists;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.Column;
import io.drover.cli.output.Emphasis;
import io.drover.cli.output.Json;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.cli.output.Quantity;
import io.drover.cli.output.Yaml;
import io.drover.proto.v1.ListVmUsageResponse;
import io.drover.proto.v1.VmUsage;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "top", description = "Show what running VMs use, until Ctrl-C.", footer = {"",
        "CPU is in percent of one CPU, of the guest and of all that runs for it. RESIDENT is the memory that the VM's",
        "process takes of its host. RX/S is what the guest receives by all its nics, TX/S what it sends. With -o json or",
        "yaml each sample is one answer of the API, with counters, not rates, of every device."})
final class VmTop implements Callable<Integer> {
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    /** Clears the screen and goes to its first place (ECMA-48, ED and CUP). */
    private static final String CLEAR = "\033[2J\033[H";

    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Option(names = "--filter", paramLabel = "TERMS", description = "As in `drover vm list`.")
    private String filter = "";
    @Option(names = "--interval", paramLabel = "TIME", defaultValue = "2s",
            description = "Between samples, at least 1s (default: ${DEFAULT-VALUE}).")
    private Duration interval = Duration.ofSeconds(2);
    @Option(names = "--count", paramLabel = "N", description = "End after so many samples.")
    private Optional<Integer> count = Optional.empty();
    @Option(names = "--sort", paramLabel = "BY", defaultValue = "cpu",
            description = "One of cpu, memory, read, write, rx, tx, name (default: ${DEFAULT-VALUE}).")
    private Order order = Order.CPU;

    /** What is shown first. */
    private enum Order {
        CPU, MEMORY, READ, WRITE, RX, TX, NAME;

        Comparator<Line> comparator() {
            return Comparator.comparingDouble(this::size).reversed().thenComparing(line -> line.usage().getVm());
        }

        private double size(Line line) {
            return switch (this) {
                case CPU -> line.rates(VmRates::cpus);
                case MEMORY -> (double) line.usage().getResidentMemoryBytes();
                case READ -> line.rates(VmRates::readBytes);
                case WRITE -> line.rates(VmRates::writtenBytes);
                case RX -> line.rates(rates -> rates.receivedBytes().orElse(0));
                case TX -> line.rates(rates -> rates.sentBytes().orElse(0));
                case NAME -> 0;
            };
        }
    }

    /** One VM; without rates until it has been sampled twice. */
    private record Line(VmUsage usage, Optional<VmRates> rates) {
        double rates(ToDoubleFunction<VmRates> rate) {
            return rates.isPresent() ? rate.applyAsDouble(rates.get()) : 0;
        }

        String shown(Function<VmRates, String> text) {
            return rates.map(text).orElse("-");
        }
    }

    VmTop(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        if (interval.compareTo(SHORTEST) < 0) {
            throw new Failure(ExitCode.ERROR, "cannot show what VMs use",
                    "--interval is " + interval.toMillis() + " ms", "give at least 1s: hosts account for CPU in 10 ms");
        }
        if (count.isPresent() && count.get() < 1) {
            throw new Failure(ExitCode.ERROR, "cannot show what VMs use", "--count is " + count.get(),
                    "give at least 1, or leave it out");
        }
        Printer printer = output.printer();
        boolean forPeople = printer.format() == OutputFormat.TABLE;
        try (ApiClient api = connection.connect()) {
            // Rates need a sample before the first that is shown.
            Map<String, VmUsage> before = forPeople ? byUid(UsageLists.all(api, filter)) : Map.of();
            for (int sample = 0; count.isEmpty() || sample < count.get(); sample++) {
                if (forPeople || sample > 0) {
                    Thread.sleep(interval);
                }
                ListVmUsageResponse now = UsageLists.all(api, filter);
                print(printer, now, before);
                before = byUid(now);
            }
        }
        return ExitCode.OK.number();
    }

    private static Map<String, VmUsage> byUid(ListVmUsageResponse sample) {
        return sample.getUsagesList().stream().collect(Collectors.toMap(VmUsage::getUid, usage -> usage, (a, b) -> b));
    }

    private void print(Printer printer, ListVmUsageResponse sample, Map<String, VmUsage> before) {
        switch (printer.format()) {
            case TABLE -> table(printer, sample, before);
            case JSON -> surroundings.out().println(Json.compact(Json.tree(sample)));
            case YAML -> surroundings.out().print("---\n" + Yaml.of(Json.tree(sample)));
            case NAME -> sample.getUsagesList().forEach(usage -> surroundings.out().println(usage.getVm()));
        }
        surroundings.out().flush();
    }

    private void table(Printer printer, ListVmUsageResponse sample, Map<String, VmUsage> before) {
        List<Line> lines = sample.getUsagesList().stream()
                .map(usage -> new Line(usage,
                        Optional.ofNullable(before.get(usage.getUid()))
                                .flatMap(earlier -> VmRates.between(earlier, usage))))
                .sorted(order.comparator()).toList();
        if (surroundings.isTerminal(Descriptor.OUT)) {
            surroundings.out().print(CLEAR);
        }
        printer.table(COLUMNS, lines);
        if (sample.getUnreachableCount() > 0) {
            surroundings.err().println("no answer from " + sample.getUnreachableList().stream()
                    .map(ResourceNames.HOST::id).collect(Collectors.joining(", ")) + ": their VMs are not shown");
        }
    }

    private static final List<Column<Line>> COLUMNS = List.of(
            Column.of("NAME", line -> ResourceNames.VM.id(line.usage().getVm())),
            Column.of("HOST", line -> ResourceNames.HOST.id(line.usage().getHost())),
            Column.of("VCPUS", line -> String.valueOf(line.usage().getVcpus())),
            new Column<>("CPU", line -> line.shown(rates -> percent(rates.cpus())), VmTop::busy),
            Column.of("MEMORY", line -> Quantity.bytes(line.usage().getMemoryBytes())),
            Column.of("RESIDENT", line -> Quantity.bytes(line.usage().getResidentMemoryBytes())),
            Column.of("READ/S", line -> line.shown(rates -> Quantity.bytes(Math.round(rates.readBytes())))),
            Column.of("READS/S", line -> line.shown(rates -> number(rates.reads()))),
            Column.of("WRITE/S", line -> line.shown(rates -> Quantity.bytes(Math.round(rates.writtenBytes())))),
            Column.of("WRITES/S", line -> line.shown(rates -> number(rates.writes()))),
            Column.of("RX/S", line -> line.shown(rates -> rate(rates.receivedBytes()))),
            Column.of("TX/S", line -> line.shown(rates -> rate(rates.sentBytes()))));

    private static Emphasis busy(Line line) {
        return line.rates(VmRates::cpus) > 0.9 * line.usage().getVcpus() ? Emphasis.WARNING : Emphasis.NONE;
    }

    private static String rate(OptionalDouble bytes) {
        return bytes.isPresent() ? Quantity.bytes(Math.round(bytes.getAsDouble())) : "-";
    }

    private static String percent(double part) {
        return number(part * 100) + "%";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 10 && value != 0 ? "%.1f" : "%.0f", value);
    }
}
