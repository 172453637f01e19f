package io.drover.demo;

import io.drover.cli.Failure;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.debian.DemoImage;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Vm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A guest that counts aloud moves to another host and back, and does not miss a number. */
final class Journey {
    private static final Duration ANSWER = Duration.ofMinutes(2);
    private static final String COUNT = "count ";
    private static final Pattern NUMBER = Pattern.compile(COUNT + "(\\d+)\\s*\\n");
    private static final String END_OF_TEXT = "\003";

    private final Narrator narrator;
    private final Commands commands;
    private final String vm;

    /**
     * Of a VM with a shell on its console.
     *
     * @param vm its id
     */
    Journey(Narrator narrator, Commands commands, String vm) {
        this.narrator = narrator;
        this.commands = commands;
        this.vm = vm;
    }

    void go(ApiClient api, List<String> hosts) throws DemoFailure, Failure, InterruptedException {
        narrator.step("moves " + vm + " between the hosts, while it counts on its console and the console stays open");
        try (GuestConsole console = new GuestConsole(api, ResourceNames.VM.full(vm),
                line -> narrator.guest(vm, line))) {
            String before = console.ask("n=0; while sleep 0.2; do n=$((n+1)); echo " + COUNT.strip() + " $n; done",
                    COUNT + "3", ANSWER);
            String counted = before;
            for (int move = 0; move < 2; move++) {
                String here = host(api);
                String there = hosts.stream().filter(host -> !host.equals(here)).findFirst().orElseThrow();
                commands.run("vm", "migrate", vm, "--to", there);
                if (!host(api).equals(there)) {
                    throw new DemoFailure(vm + " is on " + host(api) + ", not on " + there);
                }
                int next = last(counted) + 5;
                counted = console.await(COUNT + next, ANSWER);
            }
            check(numbers(counted));
            console.ask(END_OF_TEXT, DemoImage.PROMPT, ANSWER);
        }
    }

    private String host(ApiClient api) throws Failure {
        Vm now = api.call("cannot look at " + vm,
                () -> api.vms().getVm(GetVmRequest.newBuilder().setName(ResourceNames.VM.full(vm)).build()));
        return now.getHost().substring("hosts/".length());
    }

    private static List<Integer> numbers(String printed) {
        List<Integer> numbers = new ArrayList<>();
        Matcher matcher = NUMBER.matcher(printed.replace("\r", ""));
        while (matcher.find()) {
            numbers.add(Integer.valueOf(matcher.group(1)));
        }
        return numbers;
    }

    private static int last(String printed) {
        List<Integer> all = numbers(printed);
        return all.isEmpty() ? 0 : all.getLast();
    }

    private void check(List<Integer> numbers) throws DemoFailure {
        for (int index = 0; index < numbers.size(); index++) {
            if (numbers.get(index) != index + 1) {
                throw new DemoFailure(vm + " did not count on: " + numbers);
            }
        }
        narrator.detail("it has counted to " + numbers.getLast() + " on two hosts, without a gap");
    }
}
