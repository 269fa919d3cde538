using FsCheck;
using FsCheck.Fluent;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class LowWaterTests
{
    private static readonly StreamId Stream = new("order", "1");

    // What may happen next: an event begins, a stretch without events passes, an event is finished or held.
    private enum Step
    {
        Begin,
        Pass,
        Finish,
        Hold,
    }

    [Fact]
    public void The_mark_is_the_end_of_the_contiguous_finished_run_whatever_happens_in_whatever_order()
    {
        var steps =
            from kind in Gen.Frequency(
                (6, Gen.Constant(Step.Begin)),
                (2, Gen.Constant(Step.Pass)),
                (6, Gen.Constant(Step.Finish)),
                (1, Gen.Constant(Step.Hold)))
            from chance in Gen.Choose(0, 1_000)
            select (kind, chance);

        Prop.ForAll(
            steps.ListOf().ToArbitrary(),
            drawn =>
            {
                var model = new Model();
                return drawn.All(step => model.Do(step.kind, step.chance));
            })
            .Check(Config.QuickThrowOnFailure
                .WithMaxTest(3_000)
                .WithEndSize(150)
                .WithReplay((ulong)SeededRandom.Create().Next(), 1));
    }

    private sealed class Model
    {
        private readonly LowWater _lowWater = new(default);
        private readonly List<Entry> _entries = [];
        private long _position;
        private int _left;

        public bool Do(Step step, int chance)
        {
            var open = _entries.Where(entry => entry is { Work: not null, IsFinished: false }).ToArray();
            switch (step)
            {
                case Step.Begin:
                    var envelope = Some(_position += 1 + (chance % 3));
                    _entries.Add(new Entry(_position) { Work = _lowWater.Begin(envelope) });
                    break;
                case Step.Pass:
                    _lowWater.Pass(new LowWaterMark(new Position(_position += 1 + (chance % 3)), default));
                    _entries.Add(new Entry(_position) { IsFinished = true });
                    break;
                case Step.Finish when open.Length > 0:
                    var done = open[chance % open.Length];
                    done.IsFinished = true;
                    _left += _lowWater.Finish(done.Work!);
                    break;
                case Step.Hold when open.Length > 0:
                    var held = open[chance % open.Length];
                    (held.IsFinished, held.IsHeld) = (true, true);
                    _left += _lowWater.Hold(held.Work!);
                    break;
                default:
                    break;
            }

            return IsRight();
        }

        // The specification, written without cleverness.
        private bool IsRight()
        {
            var run = _entries.TakeWhile(entry => entry is { IsFinished: true, IsHeld: false }).ToArray();
            var passed = _entries.TakeWhile(entry => entry.IsFinished).Count(entry => entry.Work is not null);
            var oldest = _entries.FirstOrDefault(entry => !entry.IsFinished || entry.IsHeld);
            return _lowWater.Mark.Position.Value == (run.Length == 0 ? 0 : run[^1].Position)
                && _left == passed
                && _lowWater.OldestUnfinished == (oldest is null ? null : RecordedAt(oldest.Position));
        }

        private static EventEnvelope Some(long position) =>
            EventEnvelope.Create(Stream, "A", "{}"u8.ToArray()) with
            {
                Position = new Position(position),
                RecordedAt = RecordedAt(position),
            };

        private static DateTimeOffset RecordedAt(long position) => DateTimeOffset.UnixEpoch.AddSeconds(position);

        private sealed class Entry(long position)
        {
            public long Position => position;

            public WorkInFlight? Work { get; init; }

            public bool IsFinished { get; set; }

            public bool IsHeld { get; set; }
        }
    }
}
