package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.Predefined;
import com.tngtech.archunit.lang.ArchRule;
import io.drover.cli.wrong.agent.impl.NamedByKind;
import io.drover.cli.wrong.controller.HoldsAnArena;
import io.drover.cli.wrong.controller.LogsByTheJdk;
import io.drover.cli.wrong.controller.PrintsToStandardOutput;
import io.drover.cli.wrong.controller.UsesTheVmm;
import io.drover.cli.wrong.elsewhere.IsInNoModule;
import io.drover.cli.wrong.scheduler.ReadsAFile;
import io.drover.cli.wrong.scheduler.ReadsTheClock;
import io.drover.cli.wrong.scheduler.StartsAThread;
import io.drover.cli.wrong.vmm.bus.UsesADevice;
import io.drover.cli.wrong.vmm.memory.CallsC;
import io.drover.cli.wrong.vmm.serial.SpeaksGrpc;
import io.drover.cli.wrong.vmm.serial.UsesTheBus;
import io.drover.cli.wrong.vmm.virtio.CallsKvm;
import io.drover.cli.wrong.vmm.virtio.ReadsRawMemory;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Holds docs/architecture.md, and holds the rules against classes that break them, so that a rule that catches
 * nothing is noticed.
 */
final class ModuleRulesTest {
    private static final String WRONG_ROOT = "io.drover.cli.wrong";

    private final ModuleRules broken = new ModuleRules(WRONG_ROOT);

    @TestFactory
    Stream<DynamicTest> ourModulesKeepTheRule() {
        JavaClasses ours = new ClassFileImporter().withImportOption(Predefined.DO_NOT_INCLUDE_TESTS)
                // The same of another module, once it is packaged.
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages("io.drover");
        for (String module : List.of("proto.v1", "scheduler", "vmm", "agent", "controller", "cli", "debian", "lab")) {
            // Else the rules would hold for want of classes.
            assertThat(ours).as(module).anyMatch(each -> each.getPackageName().startsWith("io.drover." + module));
        }
        return new ModuleRules("io.drover").all().stream()
                .map(rule -> DynamicTest.dynamicTest(rule.getDescription(), () -> rule.check(ours)));
    }

    @Test
    void aModuleThatUsesAnotherIsCaught() {
        assertThat(broken.modulesUseOnlyTheirs()).filteredOn(rule -> !violations(rule).isEmpty()).singleElement()
                .satisfies(rule -> assertOnlyViolatedBy(rule, UsesTheVmm.class));
    }

    @Test
    void aClassInNoModuleIsCaught() {
        assertOnlyViolatedBy(broken.everyClassIsInAModule(), IsInNoModule.class);
    }

    @Test
    void aCycleIsCaught() {
        assertThat(violations(broken.packagesAreFreeOfCycles())).singleElement().asString()
                .contains(UsesADevice.class.getSimpleName(), UsesTheBus.class.getSimpleName());
    }

    @Test
    void aPackageNamedByKindIsCaught() {
        assertOnlyViolatedBy(broken.packagesAreNotNamedByKind(), NamedByKind.class);
    }

    @Test
    void aSchedulerThatDoesMoreThanThinkIsCaught() {
        assertOnlyViolatedBy(broken.schedulerIsPure(), ReadsAFile.class);
        assertOnlyViolatedBy(broken.schedulerTouchesNothingOutside(), ReadsTheClock.class, StartsAThread.class);
    }

    @Test
    void aVmmWithANetworkStackIsCaught() {
        assertOnlyViolatedBy(broken.vmmCarriesNoNetworkStack(), SpeaksGrpc.class);
    }

    @Test
    void nativeCodeInTheWrongPlaceIsCaught() {
        assertOnlyViolatedBy(broken.rawMemoryIsFewPackagesBusiness(), ReadsRawMemory.class);
        assertOnlyViolatedBy(broken.arenasAreTheVmmsBusiness(), HoldsAnArena.class);
        assertOnlyViolatedBy(broken.memoryIsNeverReinterpretedElsewhere(), ReadsRawMemory.class);
        assertOnlyViolatedBy(broken.nativeCallsAreTwoPackagesBusiness(), CallsC.class);
    }

    @Test
    void aDeviceThatCallsKvmIsCaught() {
        assertOnlyViolatedBy(broken.kvmIsBehindTheSeam(), CallsKvm.class);
    }

    @Test
    void outputBesideTheLogIsCaught() {
        assertOnlyViolatedBy(broken.standardOutputBelongsToCommands(), PrintsToStandardOutput.class);
        assertOnlyViolatedBy(broken.javaUtilLoggingIsForMains(), LogsByTheJdk.class);
    }

    private static List<String> violations(ArchRule rule) {
        return rule.evaluate(new ClassFileImporter().importPackages(WRONG_ROOT)).getFailureReport().getDetails();
    }

    private static void assertOnlyViolatedBy(ArchRule rule, Class<?>... violators) {
        List<String> violations = violations(rule);
        for (Class<?> violator : violators) {
            assertThat(violations).as(rule.getDescription())
                    .anyMatch(violation -> violation.contains(violator.getName()));
        }
        assertThat(violations).as(rule.getDescription())
                .allMatch(
                        violation -> Stream.of(violators).anyMatch(violator -> violation.contains(violator.getName())));
    }
}
