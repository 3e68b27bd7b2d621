import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { errorMessage } from '../shared/error-message.ts';
import { Logo } from '../shared/logo.tsx';
import { session } from './session.ts';

/** Where agents and administrators log in. */
export function LoginPage() {
  const navigate = useNavigate();
  const { to } = useSearch({ from: '/login' });
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(undefined);
    try {
      const agent = await session.logIn(String(form.get('email')), String(form.get('password')));
      const home = agent.role === 'admin' ? '/admin' : '/desk';
      await navigate({ href: to?.startsWith('/') && !to.startsWith('//') ? to : home });
    } catch (error) {
      setProblem(errorMessage(error));
      setBusy(false);
    }
  }

  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper withBorder shadow="md" p={32} w="100%" maw={400} radius="lg">
        <form onSubmit={submit}>
          <Stack gap="md">
            <Stack gap={4} align="center" mb="xs">
              <Logo size={40} />
              <Title order={1}>Log in to Mevrik</Title>
              <Text c="dimmed" size="sm">
                Agent desk and admin panel
              </Text>
            </Stack>
            {problem && (
              <Alert color="red" icon={<IconAlertCircle size={18} />} role="alert">
                {problem}
              </Alert>
            )}
            <TextInput
              label="Email"
              name="email"
              type="email"
              autoComplete="username"
              required
              autoFocus
              withAsterisk={false}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              withAsterisk={false}
            />
            <Button type="submit" loading={busy} size="md" mt="xs">
              Log in
            </Button>
            <Text size="xs" c="dimmed" ta="center">
              Forgot your password? Ask an administrator to reset it.
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
