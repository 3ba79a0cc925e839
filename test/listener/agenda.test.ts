/** What is to be looked at, and when. */
import { expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { createAgenda } from '../../src/listener/agenda.ts';

const [chat, mail, news] = ['chat', 'mail', 'news'] as unknown as [DeploymentId, DeploymentId, DeploymentId];
const all = () => [chat, mail];

it('takes what was marked, once, and nothing else', () => {
  const agenda = createAgenda();
  agenda.mark(chat);
  agenda.mark(chat);

  expect(agenda.take(0, all)).toEqual([chat]);
  expect(agenda.take(0, all)).toEqual([]);
  expect(agenda.next()).toBeNull();
});

it('takes what was planned when its time has come, and tells the earliest time', () => {
  const agenda = createAgenda();
  agenda.later(chat, 200);
  agenda.later(mail, 100);

  expect(agenda.next()).toBe(100);
  expect(agenda.take(99, all)).toEqual([]);
  expect(agenda.take(100, all)).toEqual([mail]);
  expect(agenda.next()).toBe(200);
});

it('forgets a plan when something happens before, or when nothing is planned any more', () => {
  const agenda = createAgenda();
  agenda.later(chat, 200);
  agenda.later(mail, 300);
  agenda.mark(chat);
  agenda.take(0, all);
  agenda.later(mail, null);

  expect(agenda.next()).toBeNull();
  expect(agenda.take(1_000, all)).toEqual([]);
});

it('takes all that there are, and what was marked beside them', () => {
  const agenda = createAgenda();
  agenda.mark(news);
  agenda.later(chat, 500);
  agenda.markAll();

  expect(new Set(agenda.take(0, all))).toEqual(new Set([chat, mail, news]));
  expect(agenda.take(500, all)).toEqual([]);
});
