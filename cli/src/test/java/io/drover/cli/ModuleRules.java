package io.drover.cli;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Random;
import java.util.Timer;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * What docs/architecture.md says of the modules, for the classes below one root package: ours, or those that break
 * the rules on purpose. A package that does not exist yet breaks none.
 */
final class ModuleRules {
    private static final String GENERATED = "proto";

    private final String root;

    /**
     * A row of the table in docs/architecture.md.
     *
     * @param name its package below the root
     * @param mayUse other packages below the root, each with all below it
     */
    private record Module(String name, List<String> mayUse) {
        Module(String name, String... mayUse) {
            this(name, List.of(mayUse));
        }
    }

    private static final List<Module> MODULES = List.of(
            new Module(GENERATED),
            new Module("scheduler"),
            new Module("vmm", "proto.vmm"),
            new Module("agent", "proto.agent", "proto.vmm", "proto.state", "proto.format", "scheduler", "vmm.client",
                    "vmm.selftest"),
            new Module("controller", "proto.v1", "proto.agent", "proto.state", "proto.format", "scheduler"),
            new Module("cli", "proto.v1", "debian"),
            new Module("debian"),
            new Module("lab", "debian"),
            new Module("bench", "debian", "lab", "vmm.client"));

    /** May use all modules: it starts everything in one place. */
    private static final String DEMO = "demo";

    ModuleRules(String root) {
        this.root = root;
    }

    List<ArchRule> all() {
        return Stream.concat(modulesUseOnlyTheirs().stream(),
                Stream.of(everyClassIsInAModule(), packagesAreFreeOfCycles(), packagesAreNotNamedByKind(),
                        schedulerIsPure(),
                        schedulerTouchesNothingOutside(), vmmCarriesNoNetworkStack(),
                        kvmIsBehindTheSeam(),
                        rawMemoryIsFewPackagesBusiness(), arenasAreTheVmmsBusiness(),
                        nativeCallsAreTwoPackagesBusiness(), memoryIsNeverReinterpretedElsewhere(),
                        standardOutputBelongsToCommands(), javaUtilLoggingIsForMains()))
                .toList();
    }

    List<ArchRule> modulesUseOnlyTheirs() {
        return MODULES.stream().<ArchRule>map(module -> classes().that().resideInAPackage(below(module.name))
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage(root + "..").or(resideInAPackage(below(module.name)))
                        .or(resideInAnyPackage(module.mayUse.stream().map(this::below).toArray(String[]::new))))
                .allowEmptyShould(true)
                .as("of our modules, " + module.name + " uses only " + module.mayUse)).toList();
    }

    /** So that no class escapes the rules above. */
    ArchRule everyClassIsInAModule() {
        String[] known = Stream.concat(MODULES.stream().map(Module::name), Stream.of(DEMO)).map(this::below)
                .toArray(String[]::new);
        return classes().should().resideInAnyPackage(known);
    }

    /** All but a module's root package, which wires the others together and holds what they share. */
    ArchRule packagesAreFreeOfCycles() {
        return slices().assignedFrom(new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass each) {
                String below = each.getPackageName()
                        .substring(Math.min(root.length() + 1, each.getPackageName().length()));
                return below.contains(".") && !below.startsWith(GENERATED + ".") ? SliceIdentifier.of(below)
                        : SliceIdentifier.ignore();
            }

            @Override
            public String getDescription() {
                return "packages";
            }
        }).should().beFreeOfCycles().allowEmptyShould(true);
    }

    ArchRule packagesAreNotNamedByKind() {
        return noClasses().should()
                .resideInAnyPackage("..util..", "..utils..", "..impl..", "..model..", "..manager..", "..helper..",
                        "..common..")
                .because("a package is a thing that users can name");
    }

    /** An allow list: whatever else comes to be in the JDK or on the class path is not the scheduler's business. */
    ArchRule schedulerIsPure() {
        return classes().that().resideInAPackage(below("scheduler"))
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(below("scheduler"), "java.lang", "java.math", "java.util",
                        "java.util.function", "java.util.stream"))
                .allowEmptyShould(true).as("the scheduler knows no I/O, no network, no time and no library");
    }

    /** What the packages allowed above have all the same. */
    ArchRule schedulerTouchesNothingOutside() {
        return noClasses().that().resideInAPackage(below("scheduler"))
                .should()
                .dependOnClassesThat(belongToAnyOf(Thread.class, ThreadLocal.class, Process.class, ProcessBuilder.class,
                        Runtime.class, Timer.class, Random.class, ThreadLocalRandom.class))
                .orShould().accessTargetWhere(target(owner(belongToAnyOf(System.class)))
                        .and(target(DescribedPredicate.not(name("arraycopy")))))
                .orShould().callMethod(Math.class, "random").orShould().callMethod(UUID.class, "randomUUID")
                .allowEmptyShould(true).as("the scheduler starts no thread, reads no clock and draws no lots");
    }

    /** A VMM process has a memory budget that Netty alone would break. */
    ArchRule vmmCarriesNoNetworkStack() {
        return noClasses().that().resideInAPackage(below("vmm"))
                .should().dependOnClassesThat().resideInAnyPackage("io.grpc..", "io.netty..", "org.apache.zookeeper..",
                        "org.apache.curator..")
                .allowEmptyShould(true);
    }

    /**
     * Devices raise lines and register doorbells; a CPU in software must be able to take KVM's place without their
     * noticing.
     */
    ArchRule kvmIsBehindTheSeam() {
        return noClasses().that()
                .resideOutsideOfPackages(below("vmm.kvm"), below("vmm.accelerator"), below("vmm.selftest"),
                        below("vmm.process"))
                .should().dependOnClassesThat().resideInAPackage(below("vmm.kvm")).allowEmptyShould(true);
    }

    /**
     * Guest memory, the kernel's structs, and files that the boot package has mapped. All others go through guest
     * memory.
     */
    ArchRule rawMemoryIsFewPackagesBusiness() {
        return noClasses().that().resideOutsideOfPackages(below("vmm.linux"), below("vmm.kvm"), below("vmm.memory"),
                below("vmm.boot"), below("vmm.selftest"))
                .should().dependOnClassesThat(resideInAPackage("java.lang.foreign")
                        .and(DescribedPredicate.not(belongToAnyOf(Arena.class))))
                .allowEmptyShould(true).as("raw memory is the business of few packages of the vmm");
    }

    /** An arena is the lifetime of such memory: whoever owns a machine may own one. */
    ArchRule arenasAreTheVmmsBusiness() {
        return noClasses().that().resideOutsideOfPackage(below("vmm")).should().dependOnClassesThat()
                .resideInAPackage("java.lang.foreign").allowEmptyShould(true);
    }

    ArchRule nativeCallsAreTwoPackagesBusiness() {
        return noClasses().that().resideOutsideOfPackages(below("vmm.linux"), below("vmm.kvm"))
                .should().dependOnClassesThat(belongToAnyOf(Linker.class, SymbolLookup.class, FunctionDescriptor.class))
                .allowEmptyShould(true);
    }

    /** What is reinterpreted is no longer checked by the JDK. */
    ArchRule memoryIsNeverReinterpretedElsewhere() {
        return noClasses().that().resideOutsideOfPackages(below("vmm.linux"), below("vmm.kvm"), below("vmm.memory"))
                .should()
                .callMethodWhere(target(owner(belongToAnyOf(MemorySegment.class))).and(target(name("reinterpret"))))
                .allowEmptyShould(true)
                .as("memory segments are reinterpreted by vmm.linux, vmm.kvm and vmm.memory only");
    }

    ArchRule standardOutputBelongsToCommands() {
        return noClasses().that(areNoCommands()).should().accessField(System.class, "out")
                .orShould().callMethod(Throwable.class, "printStackTrace").allowEmptyShould(true)
                .as("standard output belongs to commands; services have a log");
    }

    /** A main may tame libraries that log by it. */
    ArchRule javaUtilLoggingIsForMains() {
        return noClasses().that(areNoCommands()).should().dependOnClassesThat().resideInAPackage("java.util.logging")
                .allowEmptyShould(true);
    }

    private DescribedPredicate<JavaClass> areNoCommands() {
        String[] commands = Stream.of("cli", DEMO, "lab", "bench").map(this::below).toArray(String[]::new);
        return DescribedPredicate.not(resideInAnyPackage(commands).or(simpleName("Main"))).as("are no commands");
    }

    private String below(String name) {
        return root + "." + name + "..";
    }
}
